The first hour of a new user, compared by tests/first-hour. Lines that begin with "$" are typed, the others are what
comes back; where "(glob)" follows, "*" is anything, such as seconds and the names of folders. The form is that of cram.
The texts are of this project's making. The models are the small ones that ship; what they find is often wrong.


From the clone to the first entities
====================================

  $ cd "$CLONE"
  $ MODELS=nano make demo
  The library in [Marlow Cross](organization) will open its doors again on Saturday, three years after the flood. "I have missed the smell of the place," said [Edith Carrow](person), who has borrowed books there since she was six. The [Penrose Trust](organization) paid for the new roof, and the town council for the shelves.
  
  [Ferry](person) traffic between [Stranvik](location) and [Aland Point](location) was halted for two hours on Wednesday when the harbour radar failed. [Nordlink](organization), which runs the line, apologised to its passengers.
  
  [Ilona Bartos](person) won the marathon in [Budapest](location) for the second time, ahead of [Tirunesh Alemu](location) of [Ethiopia](location). Her trainer, [Gil Prado](person), could not watch the last mile.
  
  Researchers at [Caldwell University](organization) have found traces of ammonia in the air above a volcano in [Iceland](location). According to [Samuel Ito](location), who leads the group, the gas comes from the soil and not from the crater.
  
  Castell Glass rose 6 per cent in [Madrid](location) after [Baltic Ventures](organization) raised its bid for the family firm.
  
  just landed in [nairobi](location), [met amina](organization) from greenline at the gate, already two coffees in #kenya
  
  It rained all afternoon.
  
  [周明远](person)和妻子从广州搬到了大理，在那里开了一家咖啡馆。
  
  In [Lübeck](location) hat [Friederike Lorenz](person) die Leitung der [Hansewerft](organization) übernommen.
  el4ner: 1 document, 14 sentences, 23 entities in * s (glob)

A program of one's own, without being root.

  $ make install PREFIX=$HOME/.local | sed /PKG_CONFIG_PATH/d
    CC  src/cli/cmd_setup.c
    CC  src/config/folders.c
    LD  build/el4ner
    LD  build/libel4ner.so.0
  add the program's folder to PATH:      export PATH="*/home/.local/bin:$PATH" (glob)
  for programs that use the library:     export LD_LIBRARY_PATH="*/home/.local/lib" (glob)
  $ export PATH="$HOME/.local/bin:$PATH"
  $ cd
  $ el4ner --version
  el4ner 0.1.0
  $ echo "Angela Merkel visited Paris with Emmanuel Macron." | el4ner tag - --to terminal
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  [Angela Merkel](person) visited [Paris](location) with [Emmanuel Macron](person).
  el4ner: 1 document, 1 sentence, 3 entities in * s (glob)


The README, in its order
========================

  $ cat >letter.txt <<END
  > Dear Anna Berg,
  > 
  > the train from Oslo to Bergen was late again. Henrik Dahl of Nordlink met us at the station.
  > END
  $ mkdir -p mails/may mails/june
  $ cp letter.txt mails/may/x.txt
  $ echo "Carlo Dias bought Castell Glass in Madrid." >mails/june/x.txt
  $ cat >texts.csv <<END
  > id,date,body
  > 7,2026-05-01,Ilona Bartos won the marathon in Budapest.
  > 8,2026-05-02,It rained all afternoon.
  > END
  $ el4ner tag letter.txt -o letter.jsonl
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  $ el4ner tag mails/ --types person,organization,product --to html -o mails.html
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: 2 documents, 4 sentences, 7 entities in * s (glob)
  $ el4ner tag texts.csv --text-column body --to table
  document	start	end	text	type	score
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  7	0	12	Ilona Bartos	person	0.7008
  7	33	41	Budapest	location	0.9206
  el4ner: 2 documents, 2 sentences, 2 entities in * s (glob)
  el4ner: 3 of 9 replies came from the store (--refresh asks anew)
  $ el4ner members --no-speed
  member  state        context  slots  size (B)  tokens/s  api          server
  nano-a  reached          640      4     0.006         -  llama        llama.cpp * (glob)
          nano-a.gguf at */home/.local/share/el4ner/models/nano-a.gguf (glob)
          can: grammar, schema, logprobs, template, prefix, compact
  nano-b  reached          640      4     0.006         -  llama        llama.cpp * (glob)
          nano-b.gguf at */home/.local/share/el4ner/models/nano-b.gguf (glob)
          can: grammar, schema, logprobs, template, prefix, compact
  nano-c  reached          640      4     0.006         -  llama        llama.cpp * (glob)
          nano-c.gguf at */home/.local/share/el4ner/models/nano-c.gguf (glob)
          can: grammar, schema, logprobs, template, prefix, compact

Demonstrations, and fitting the ensemble: what that would cost is said before.

  $ cp "$CLONE/examples/annotated.jsonl" train.jsonl
  $ el4ner pool build train.jsonl -o pool.el4
  el4ner: pool.el4: 144 sentences, 243 spans (242 distinct) of 8 types, 0.5 MB
  $ el4ner pool search "Ilona Bartos won the marathon in Budapest." --pool pool.el4 --k 2
  Ilona Bartos won the marathon in Budapest.
  
     span          tag    weight
     Ilona Bartos  PROPN       4
     marathon      NOUN        2
     Budapest      PROPN       4
  
   1 0.1044  example-0008  The Workers' League has lost every seat it held in West Tarrant.
     Ilona Bartos  West Tarrant      0.0517
     marathon      Workers' League   0.0791
     Budapest      West Tarrant      0.1697
  
   2 0.0986  example-0040  Canada beat Sweden in overtime.
     Ilona Bartos  Canada            0.0658
     marathon      Sweden            0.1505
     Budapest      Canada            0.1053
  $ el4ner tag --pool pool.el4 letter.txt --to terminal
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  Dear [Anna Berg](person),
  
  the train from [Oslo](location) to [Bergen](location) was late again. [Henrik Dahl](person) of [Nordlink](location) met us at the station.
  el4ner: 1 document, 3 sentences, 5 entities in * s (glob)
  $ el4ner tune --pool train.jsonl --types auto --dry-run
  144 sentences
  member                calls  prompt tokens   answer, most
  nano-a                  576         108552          13487
  nano-b                  576         108552          13487
  nano-c                  576         108552          13487
  
  An estimate. What a server keeps of a prompt, and stored replies, save most of it.


A researcher: a labelled set in columns
=======================================

  $ cat >gold.conll <<END
  > # two sentences in the columns of CoNLL-2003
  > -DOCSTART- -X- -X- O
  > 
  > Ilona NNP B-NP B-PER
  > Bartos NNP I-NP I-PER
  > won VBD B-VP O
  > in IN B-PP O
  > Budapest NNP B-NP B-LOC
  > . . O O
  > 
  > -DOCSTART- -X- -X- O
  > 
  > # the second
  > Carlo NNP B-NP B-PER
  > Dias NNP I-NP I-PER
  > left VBD B-VP O
  > Madrid NNP B-NP B-LOC
  > . . O O
  > 
  > # the end
  > END
  $ el4ner tag gold.conll --types auto -o predicted.conll
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: 2 documents, 2 sentences, 4 entities in * s (glob)
  $ diff gold.conll predicted.conll
  $ el4ner score gold.conll predicted.conll
  strict            precision  recall      F1     gold  predicted  correct
  predicted.conll      100.00  100.00  100.00        4          4        4
                    95 %:  precision 100.00 to 100.00;  recall 100.00 to 100.00;  F1 100.00 to 100.00
    macro              100.00  100.00  100.00
    accuracy        100.00 % of 11 tokens

With other types there is nothing to compare, which is said.

  $ el4ner tag -q gold.conll --types person,location -o names.conll
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  $ el4ner score gold.conll names.conll
  el4ner: warning: no type in common: gold (gold.conll) has LOC, PER; predicted (names.conll) has location, person; --types (or -c) reads both by the names and aliases of a configuration
  strict            precision  recall      F1     gold  predicted  correct
  names.conll            0.00    0.00    0.00        4          4        0
                    95 %:  precision 0.00 to 0.00;  recall 0.00 to 0.00;  F1 0.00 to 0.00
    macro                0.00    0.00    0.00
    accuracy        45.45 % of 11 tokens
  $ el4ner score --types person,location gold.conll names.conll
  strict            precision  recall      F1     gold  predicted  correct
  names.conll          100.00  100.00  100.00        4          4        4
                    95 %:  precision 100.00 to 100.00;  recall 100.00 to 100.00;  F1 100.00 to 100.00
    macro              100.00  100.00  100.00
    accuracy        100.00 % of 11 tokens
  $ el4ner eval gold.conll --types auto --report report.html
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: 12 of 12 replies came from the store (--refresh asks anew)
                        P       R      F1     low    high  calls  made
  configured
    as configured  100.00  100.00  100.00  100.00  100.00     12     0
  
  Calls made: 0; separate runs of each exact row would have made 12.
  low, high: 95 % interval of F1
  
  Stages
    retrieve: gold mentions pre-extracted        100.00 %  (4 of 4)
    retrieve: gold types among demonstrations    100.00 %  (4 of 4)
    retrieve: gold mentions among demonstrations   0.00 %  (0 of 4)
    extract: gold mentions among the candidates  100.00 %  (4 of 4)
    extract: right of those nobody listed          0.00 %  (0 of 4)
    extract: right of those proposed by 3        100.00 %  (4 of 4)
    extract: strings not in the sentence           0.00 %  (0 of 12)
    classify: right type on right spans          100.00 %  (4 of 4)
  
  Where F1 is lost (F1 if all later stages were perfect)
    after extraction      100.00
    after classification  100.00
    after verification    100.00
    final                 100.00
  
  Scores of 4 entities: expected calibration error 15.57 % (true scores would show about 23.95 % by chance)
  $ el4ner eval gold.conll --types auto -q --to markdown
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  | group | row | figures | P | R | F1 | low | high | calls | made | gold | predicted | correct |
  |---|---|---|---:|---:|---:|---:|---:|---:|---:|---:|---:|---:|
  | configured | as configured | exact | 100.00 | 100.00 | 100.00 | 100.00 | 100.00 | 12 | 0 | 4 | 4 | 4 |
  $ el4ner combine predicted.conll gold.conll --keep span:2 | head -n 1 | cut -c 1-80
  {"id": "1", "text": "Ilona Bartos won in Budapest .", "offset_unit": "codepoint"


An engineer: other formats, other servers
=========================================

  $ el4ner tag letter.txt -o letter.csvx
  el4ner: tag: letter.csvx: the ending names no format; known are .txt .jsonl .conll .conllu .webanno .html .csv .tsv; or say --to (el4ner tag --help)
  [2]
  $ el4ner tag letter.txt -o letter.csv
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  el4ner: 18 of 18 replies came from the store (--refresh asks anew)
  $ head -n 1 letter.csv
  id,text,entities,abstained,failure
  $ el4ner convert letter.jsonl letter.conllu
  $ head -n 5 letter.conllu
  # global.columns = ID FORM NER
  # sent_id = letter.txt-s1
  # text = Dear Anna Berg,
  1	Dear	O
  2	Anna	B-person
  $ el4ner tag letter.txt --offsets bytes
  el4ner: tag: --offsets must be codepoint, byte, utf16 or token, not "bytes" (el4ner tag --help)
  [2]
  $ el4ner tag letter.txt --lang english
  el4ner: --lang: "english" is not a language code; use "en"
  [2]
  $ el4ner tag letter.txt --summary - -o letter.jsonl
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  4 entities of 2 types in 1 document
         2  location (2 different)
         2  person (2 different)
  most frequent
         1  Anna Berg (person, in 1 document)
         1  Bergen (location, in 1 document)
         1  Henrik Dahl (person, in 1 document)
         1  Oslo (location, in 1 document)
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  el4ner: 18 of 18 replies came from the store (--refresh asks anew)
  $ el4ner tag letter.txt --summary -o letter.jsonl
  el4ner: tag: the option '--summary' needs a value, and '-o' is an option (el4ner tag --help)
  [2]
  $ el4ner tag mails/june/x.txt --to table
  document	start	end	text	type	score
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  mails/june/x.txt	0	10	Carlo Dias	person	0.8894
  mails/june/x\.txt\\t18\\t31\\tCastell Glass\\tlocation\\t0\.388[3-7]? \(esc\) (re)
  mails/june/x\.txt\\t35\\t41\\tMadrid\\tlocation\\t0\.893[0-4]? \(esc\) (re)
  el4ner: 1 document, 1 sentence, 3 entities in * s (glob)
  $ el4ner tag mails/june/x.txt --to table --min-score 0.5
  document	start	end	text	type	score
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  mails/june/x.txt	0	10	Carlo Dias	person	0.8894
  mails/june/x\.txt\\t35\\t41\\tMadrid\\tlocation\\t0\.893[0-4]? \(esc\) (re)
  el4ner: 1 document, 1 sentence, 3 entities in * s (glob)
  el4ner: 1 of these entities scores below 0.5 and is left out (--min-score)
  el4ner: 6 of 6 replies came from the store (--refresh asks anew)
  $ echo '[{"text": "Anna met Bob."}]' >array.jsonl
  $ el4ner tag array.jsonl
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  {"id": "1", "text": "Anna met Bob.", "offset_unit": "codepoint", "entities": [{"start": 0, "end": 4, "text": "Anna", "type": "person", "score": 0.6081, "extracted_by": ["nano-a", "nano-b", "nano-c"], "votes": {"person": ["nano-a", "nano-b"], "location": ["nano-c"]}, "verified": null}, {"start": 9, "end": 12, "text": "Bob", "type": "location", "score": 0.543?, "extracted_by": ["nano-a", "nano-b", "nano-c"], "votes": {"organization": ["nano-a", "nano-c"], "person": ["nano-b"]}, "verified": null}], "abstained": 0} (glob)
  el4ner: 1 document, 1 sentence, 2 entities in * s (glob)
  $ echo '{"body": "Anna met Bob in Oslo."}' >other.jsonl
  $ el4ner tag other.jsonl
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: other.jsonl:1: has neither "text" nor "tokens"; if "body" is the text, say --text-field
  el4ner: 0 documents, 0 sentences, 0 entities in * s (glob)
  el4ner: 1 document failed (named above)
  [1]
  $ el4ner tag other.jsonl --text-field body --to table
  document	start	end	text	type	score
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  1	0	4	Anna	person	0.6644
  1	9	12	Bob	person	0.3276
  1	16	20	Oslo	location	0.9963
  el4ner: 1 document, 1 sentence, 3 entities in * s (glob)
  $ printf '%%PDF-1.4\n' >"a report.pdf"
  $ el4ner tag "a report.pdf"
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: a report.pdf: is a PDF; take the text out first: pdftotext 'a report.pdf' OUT.txt
  el4ner: 0 documents, 0 sentences, 0 entities in * s (glob)
  el4ner: 1 document failed (named above)
  [1]
  $ : >empty.txt
  $ el4ner tag empty.txt letter.txt -o both.jsonl
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: warning: empty.txt: is empty, and left out
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  el4ner: 18 of 18 replies came from the store (--refresh asks anew)

A reader that has enough.

  $ el4ner tag -q mails/ | head -n 1 | cut -c 1-30
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  {"id": "mails/june/x.txt", "te

What cannot be read leaves the old output as it is.

  $ cp letter.jsonl before.jsonl
  $ el4ner tag nothing.txt -o letter.jsonl
  el4ner: cannot read nothing.txt: No such file or directory
  [2]
  $ cmp before.jsonl letter.jsonl

A server of one's own.

  $ ~/.local/share/el4ner/bin/llama-server -m ~/.local/share/el4ner/models/nano-a.gguf -c 2560 -t 1 --port $PORT >server.log 2>&1 &
  $ url=http://127.0.0.1:$PORT
  $ until el4ner members --no-speed --url $url >/dev/null 2>&1; do sleep 1; done
  $ el4ner tag letter.txt --url $url/v1/chat/completions -o served.jsonl
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  $ el4ner tag letter.txt --url $url -o served.jsonl
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  el4ner: * of * replies came from the store (--refresh asks anew) (glob)
  $ el4ner tag letter.txt --url $url -o served.jsonl --refresh
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  $ kill $!
  $ wait
  $ el4ner tag letter.txt --url $url --no-cache
  el4ner: no member can be reached: model: http://127.0.0.1:*: Failed to connect to 127.0.0.1 port * after * ms: Couldn't connect to server (glob)
  [3]

A slip in the name of the model; this server is a scripted one, of the tests.

  $ "$SERVER" --api openai --model glm4 --fault model >port &
  $ until [ -s port ]; do sleep 0.1; done
  $ el4ner tag letter.txt --url http://127.0.0.1:$(tr -dc 0-9 <port) --model glm5
  el4ner: no member can be reached: glm5: http://127.0.0.1:*: HTTP 404: The model `other` does not exist; the server lists: glm4 (glob)
  [3]
  $ kill $!

A configuration, with the words that other programs have.

  $ cat >el4ner.yml <<END
  > members:
  >   - {name: a, base_url: "http://127.0.0.1:8000", api_key: secret}
  > END
  $ el4ner config
  el4ner: el4ner.yml:2:15: unknown key 'base_url' in a member; use 'url'
  [2]
  $ sed -i 's/base_url/url/' el4ner.yml
  $ el4ner config
  el4ner: el4ner.yml:2:45: unknown key 'api_key' in a member; use 'api_key_env': the environment variable that holds the key, or 'api_key_file', a file with it
  [2]
  $ rm el4ner.yml
  $ el4ner tga letter.txt
  el4ner: unknown command 'tga'; did you mean 'el4ner tag'?
  [2]


An annotator: texts that are labelled before
============================================

  $ el4ner tag letter.txt --to labelstudio --labelstudio-config labels.xml -o tasks.json
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  el4ner: 18 of 18 replies came from the store (--refresh asks anew)
  $ cat labels.xml
  <View>
    <Labels name="label" toName="text">
      <Label value="person"/>
      <Label value="location"/>
      <Label value="organization"/>
    </Labels>
    <Text name="text" value="$text"/>
  </View>
  $ el4ner convert tasks.json - --to table
  document	start	end	text	type	score
  letter\.txt\\t5\\t14\\tAnna Berg\\tperson\\t0\.664[2-7]? \(esc\) (re)
  letter.txt	32	36	Oslo	location	0.9966
  letter.txt	40	46	Bergen	location	0.9953
  letter.txt	63	74	Henrik Dahl	person	0.7581
  $ el4ner tag letter.txt --to prodigy | cut -c 1-60
  el4ner: using the built-in nano models; for quality get larger ones: el4ner models get --ensemble starter
  el4ner: 1 document, 3 sentences, 4 entities in * s (glob)
  el4ner: 18 of 18 replies came from the store (--refresh asks anew)
  {"id": "letter.txt", "text": "Dear Anna Berg,\n\nthe train f
  $ el4ner convert letter.jsonl letter.html
  $ grep -c "<mark" letter.html
  4


The end of the hour
===================

What a user has beside the program stays.

  $ mkdir -p ~/.local/share/el4ner/models
  $ echo mine >~/.local/share/el4ner/models/mine.gguf
  $ cd "$CLONE"
  $ make uninstall PREFIX=$HOME/.local
  $ cd
  $ find .local -type f | sort
  .local/share/el4ner/bin/llama-server
  .local/share/el4ner/models/mine.gguf
  $ test -e .local/bin/el4ner
  [1]
