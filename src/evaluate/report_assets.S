/* The report's style sheet and script as they are in their files. */
    .section .rodata
    .global el_report_css, el_report_css_end, el_report_js, el_report_js_end
    .hidden el_report_css, el_report_css_end, el_report_js, el_report_js_end
el_report_css:
    .incbin "src/evaluate/report.css"
el_report_css_end:
el_report_js:
    .incbin "src/evaluate/report.js"
el_report_js_end:
    .section .note.GNU-stack, "", %progbits
