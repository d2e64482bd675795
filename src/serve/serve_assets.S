/* The page and the description of the interface as they are in their files. */
    .section .rodata
    .global el_serve_openapi, el_serve_openapi_end, el_serve_page, el_serve_page_end
    .hidden el_serve_openapi, el_serve_openapi_end, el_serve_page, el_serve_page_end
el_serve_openapi:
    .incbin "src/serve/openapi.json"
el_serve_openapi_end:
el_serve_page:
    .incbin "src/serve/page.html"
el_serve_page_end:
    .section .note.GNU-stack, "", %progbits
