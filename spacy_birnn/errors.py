"""Coded messages: the only place where the wording of an error or a warning lives.

Every message says what is wrong, where (file:line, column, label, component or config
key) and what to do. The headings below say where codes come from; a code keeps its
number for good, wherever it is raised.
"""

from typing import Iterable


class BirnnError(ValueError):
    """A user's mistake: one line that begins with a code, such as `[B101]`."""


class NotFiniteError(BirnnError):
    """A loss or a gradient is not a finite number: training cannot go on."""


class _Coded(type):
    """Prefix every message with its own name, so that a code is written once."""

    def __getattribute__(cls, name: str):
        value = super().__getattribute__(name)
        return f"[{name}] {value}" if name[:1] in "BW" and name[1:].isdigit() else value


class Errors(metaclass=_Coded):
    # --- B001-B099: models and components ---------------------------------------------
    B001 = (
        "{what} is not initialized: call nlp.initialize(lambda: examples), or load "
        "a trained pipeline."
    )
    B002 = "The model's weights cannot be read ({reason}): the file is cut or altered."
    B003 = (
        "The model's file has format {found}, this version reads {known}: install the "
        "spacy-birnn that wrote it."
    )
    B004 = (
        "{what} cannot be initialized without sample documents: call "
        "nlp.initialize(lambda: examples)."
    )
    B005 = (
        "spacy-birnn.BiRNNEncoder.v1: width = {width} is odd, but two directions share "
        "it equally: make it even, or set bidirectional = false."
    )
    B006 = (
        "{where}: {key} = {value!r} must be a number of at least 0 (0 for no clipping)."
    )
    B007 = "{where}: {key} = {value!r} must be a whole number of at least 1."
    B008 = "{where}: {key} = {value!r} must be null or a number from 0 to below 1."
    B009 = (
        "spacy-birnn.WordCharEmbed.v1: vectors = 'none' with chars = 'none' leaves "
        "nothing to embed: choose at least one of them."
    )
    B010 = (
        "spacy-birnn.WordCharEmbed.v1: char_width = {width} is odd, but chars = 'rnn' "
        "has two directions that share it equally: make it even."
    )
    B011 = (
        "spacy-birnn.WordCharEmbed.v1: vectors = 'frozen' with chars = 'none' needs "
        "word vectors, and the vocabulary has none: set [initialize] vectors, or chars "
        "= 'cnn'."
    )
    B012 = (
        "The vocabulary's word vectors are {found} wide (0: there are none), the model "
        "was trained with {trained}: load the vectors that it was trained with, and "
        "make Docs with the vocabulary of the pipeline."
    )
    B013 = (
        "Component '{name}': no labels. The examples have no {what}: check the columns "
        "or keys of the training data, or set [initialize.components.{name}] labels."
    )
    B014 = (
        "Component '{name}': label '{label}' was not there at initialization (known: "
        "{known}): add it with nlp.get_pipe('{name}').add_label('{label}'), list it in "
        "[initialize.components.{name}] labels (a stream is initialized on its first "
        "examples alone), or map it to one that is there."
    )
    B016 = "Component '{name}': k_best needs k of at least 1, not {k!r}."
    B017 = (
        "Component '{name}': target = '{target}' is unknown or taken: use 'tag', 'pos' "
        "or '_.name' for a custom attribute, but not '_.confidence'."
    )
    B018 = (
        "Component '{name}': '{label}' is no universal part of speech, so it cannot be "
        "set as token.pos_: set target = 'tag', or map the labels."
    )
    B019 = (
        "Component '{name}': the loss is {loss}, training cannot go on: lower "
        "[training.optimizer] learn_rate, or clip gradients with grad_clip."
    )
    B020 = (
        "Component '{name}': the files at {where} are cut or altered (their checksum "
        "differs): copy the pipeline again."
    )
    B021 = (
        "Component '{name}': {where} is missing: the pipeline's folder is incomplete."
    )
    B022 = (
        "Component '{name}': its model has to be a spacy-birnn.SequenceTagger.v1, but "
        "[components.{name}.model] is '{found}'."
    )
    B023 = (
        "Component '{name}': label {label!r} cannot be used: labels are strings on one "
        "line, without tabs and not blank, each given once."
    )
    B024 = (
        "Component '{name}': the saved model does not fit the model of the config "
        "({reason}): load it with the config that it was saved with."
    )
    B025 = (
        "doc.spans['{key}'] of a training example: '{span}' (token {start}) is empty "
        "or overlaps another span: learn only spans that do not overlap, see "
        "spacy.util.filter_spans."
    )
    B026 = (
        "{where}: {key} = {value!r}, but the saved model was trained with {saved!r}: "
        "load it with that."
    )
    B027 = (
        "Component '{name}': labels = {labels!r} must be a list of labels, such as "
        "[{labels!r}]."
    )
    B031 = (
        "Component '{name}': {method} takes a list of Docs, not a {kind}: "
        "{method}([doc])."
    )
    B030 = (
        "spacy-birnn.BiRNNEncoder.v1: its input is {found} wide, but {trained} when it "
        "was initialized: load the embedding that it was trained with, or initialize "
        "it again."
    )
    B033 = (
        "Component '{name}': min_confidence = {value!r} must be a number from 0 (leave "
        "nothing out) to 1."
    )
    B034 = (
        "spacy-birnn.add_labels.v1: '{name}' is no component of ours in the pipeline "
        "(ours: {known}): give the name that the component has there."
    )
    B035 = (
        "[initialize] vectors: {path}: no such folder, and no installed package of "
        "that name. Check --paths.vectors; null trains without vectors."
    )
    B036 = (
        "[initialize] vectors: {path} is no folder of vectors as spaCy keeps them: "
        "make one with python -m spacy init vectors {lang} FILE DIR."
    )
    B051 = (
        "spacy-birnn.SGD.v1: nesterov = true looks ahead along the momentum, so "
        "momentum must be above 0."
    )
    B052 = "{where}: {key} = {value!r} must be a finite number of at least 0."
    B053 = "{where}: {key} = {value!r} must be a finite number above 0."
    B054 = "{where}: {key} = {value!r} must lie between 0 and learn_rate, {limit!r}."
    B055 = (
        "{where}: warmup_steps = {warmup!r} must be at least 0 and less than "
        "total_steps = {total!r}."
    )
    B056 = (
        "The schedule {name} is told of epochs and dev scores by 'spacy-birnn train' "
        "only: train with that command, or choose a schedule over steps, such as "
        "spacy-birnn.epoch_decay.v1 with steps_per_epoch."
    )
    B057 = "{where}: factor = {value!r} must lie between 0 and 1, without either."
    B058 = (
        "Training stopped in step {step} (epoch {epoch}): {reason} The learning rate "
        "was {rate:g}, the gradient norm of the step before {norm:g}. The last good "
        "checkpoint stays."
    )
    B059 = "the loss of '{name}' is {loss}."
    B060 = (
        "{path} exists already: give --resume to go on with the training in it, "
        "--force to start anew, or another -o."
    )
    B061 = (
        "{path} holds a pipeline, but no checkpoint to resume from: give --force to "
        "train anew, or another -o."
    )
    B498 = (
        "{path} is nothing that a training has made, but has the name of an output: "
        "move it away, or give another -o."
    )
    B062 = (
        "{path}: the checkpoint is cut or altered ({reason}): train anew with --force "
        "instead of --resume."
    )
    B063 = (
        "{path}: the checkpoint was written by spacy-birnn {found}, this is {known}: "
        "resume with the version that wrote it, or train anew with --force "
        "instead of --resume."
    )
    B064 = (
        "{path}: the checkpoint belongs to another training: {differences}. Resume "
        "with the same config and data, or train anew with --force instead of --resume."
    )
    B065 = (
        "The first {batches} batches of the epoch hold {found} examples where they "
        "held {expected} before: the reader or the batcher yields other data than "
        "before, so training cannot be resumed. Train anew with --force "
        "instead of --resume."
    )
    B066 = (
        "The dev corpus has no gold annotation for any of [training] score_weights "
        "({keys}): check its columns or keys, since nothing could choose the best "
        "pipeline."
    )
    B071 = (
        "Config: [training] score_weights: no component gives a score named {keys} "
        "(scores: {named}): correct the names."
    )
    B067 = (
        "Cannot write {path}: {reason}. What was saved before is untouched: mend this "
        "and go on with --resume."
    )
    B068 = "The training corpus [{corpus}] is empty: check its path and its columns."
    B069 = "Config: {key} = {value!r} must be {expected}."
    B070 = (
        "{path} is no log of a training (a line of JSON with 'step' for each "
        "evaluation): remove it, or set another [training.logger] log_file."
    )

    B080 = (
        "spacy-birnn.batch_joined.v1: size = {size!r} must be a whole number of at "
        "least 1, or a schedule."
    )
    B081 = (
        "spacy-birnn.batch_joined.v1: share = {share!r} must be a number from 0 (join "
        "nothing) to 1 (all)."
    )
    B082 = (
        "spacy-birnn.batch_joined.v1: longest = {longest!r} must be a whole number of "
        "at least 2."
    )
    B083 = (
        "spacy-birnn.batch_joined.v1: warmup = {warmup!r} must be a whole number of "
        "epochs, 0 for none."
    )
    B084 = (
        "spacy-birnn.batch_joined.v1: min_batches = {min_batches!r} must be a whole "
        "number of at least 1."
    )
    B085 = (
        "Component '{name}': adversarial training moves the embeddings of a "
        "spacy-birnn.Tok2Vec.v1 of the component's own, but its model has '{found}': "
        "set adversarial = 0, or give it one."
    )
    B086 = "Component '{name}': adversarial = {value!r} must be a number of at least 0."
    B087 = (
        "spacy-birnn.batch_joined.v1: buffer = {buffer!r} must be a whole number of at "
        "least 1."
    )
    B088 = (
        "spacy-birnn.dropout_warmup.v1: start = {start!r} must be a share from 0 to 1, "
        "and epochs = {epochs!r} at least 1."
    )
    B089 = (
        "Config: training.optimizer.learn_rate has no usable value for step {step}: "
        "{found}. Check the values of its schedule, such as a decay below 0."
    )
    B090 = (
        "Config: training.score_weights.{key} is the weight of a score that is no "
        "number, but a {kind}: give it to another score, and null to this."
    )
    B091 = (
        "Config: training.frozen_components names '{name}', which has never been "
        "trained: take it from a trained pipeline ([components.{name}] source = "
        '"PATH"), or do not freeze it.'
    )
    B092 = (
        "Component '{name}': language_model = {value!r} must be a number of at "
        "least 0, the weight of its loss."
    )
    B093 = (
        "Component '{name}': a language model reads the first layer of a spacy-birnn."
        "BiRNNEncoder.v1 of the component's own, which its model does not have: set "
        "language_model = 0, or give it one."
    )

    B094 = (
        "spacy-birnn.start_from.v1: {model} cannot be loaded as a pipeline: {reason}. "
        "Give the folder of a trained one, such as OUT/model-best."
    )
    B095 = (
        "spacy-birnn.start_from.v1: {where} has other sizes than the config: {found}. "
        "Give both the same [components.….model.tok2vec] and vectors."
    )
    B096 = (
        "spacy-birnn.start_from.v1: {where} has no spacy-birnn.Tok2Vec.v1 over "
        "spacy-birnn.WordCharEmbed.v1 and spacy-birnn.BiRNNEncoder.v1 of the "
        "component's own: only their weights can be taken."
    )
    B097 = (
        "spacy-birnn.start_from.v1: '{name}' is no component of ours in {model} (ours: "
        "{known}): name one of them with component = …"
    )

    B499 = (
        "Component '{name}': spans_key = '{key}' is the group of what is left out "
        "(candidates): give another one."
    )
    B098 = "{where}: {key} = {value!r} must be a number from 0 to below 1."
    B099 = (
        "spacy-birnn.start_from.v1: the word vectors of {model} are others than those "
        "of [initialize] vectors: give [paths] vectors that it was trained with."
    )

    # --- B100-B199: data and tag schemes ----------------------------------------------
    B100 = (
        "{path} would be read twice: the paths of what is trained on name it, or a "
        "folder with it, more than once."
    )
    B101 = (
        "The span {start}-{end} ({label}) is empty, overlaps another span or lies "
        "outside the {length} tokens: tags hold spans that do not overlap."
    )
    B102 = "Unknown tag '{tag}': expected O, or a prefix and a label such as B-LABEL."
    B103 = "Unknown tag scheme '{scheme}': use one of {schemes}."
    B104 = (
        "The `path` of {corpus} is null: set it in the config, or on the command line "
        "with --paths.train FILE and --paths.dev FILE."
    )
    B105 = "{path}: no such file or directory."
    B106 = "{path}: the directory holds no files named *{ending} (but hidden ones)."
    B107 = "{path}: cannot be opened: {reason}."
    B108 = (
        "{path}:{line}: not of the encoding: byte {byte} at position {position} of the "
        "line. Name the encoding with `encoding` (--encoding), such as latin-1 or "
        "cp1252, or convert the file to UTF-8."
    )
    B109 = "{path}:{line}: cannot be read on, the file is cut or damaged: {reason}."
    B110 = 'Unknown `docs = "{docs}"`: use "sentence" or "document".'
    B111 = (
        "Unknown target '{target}': use one of {targets}, or _.name for an attribute."
    )
    B112 = (
        "{where}: the word is empty. Set empty_words (--empty-words) to drop, which "
        "leaves such words out, or to replace, which puts a sign in their place."
    )
    B113 = (
        "{where}: '{tag}' is not a universal part of speech such as NOUN: read the "
        "column as `tag`, or as a custom attribute `_.name`. Ten columns with other "
        "tags (CoNLL-X) are read as columns, e.g. --columns word=1,tag=4."
    )
    B114 = (
        "{where}: unknown tag '{tag}' in {column}: expected {expected} (scheme "
        "{scheme}). Check the column, or set `scheme` (--scheme): io reads types "
        "without a prefix. A first row of names is skipped by header (--header)."
    )
    B115 = (
        "{path}:{line}: {found} columns where the file has {expected} (separated by "
        "tabs if the row has one, else by blanks; see `separator`, --separator)."
    )
    B116 = (
        "{path}: there is no column {index} for '{target}': the file has "
        "{width} columns (counted from 0, or from the end with -1). Check `columns`."
    )
    B117 = (
        "{path}: column {index} is both the word and '{target}': name the columns, "
        'e.g. columns = {{"word": 0, "ents": 3}}.'
    )
    B118 = "{path}: the file holds no tokens."
    B119 = (
        "Scheme raw reads tags, not spans, into `tag`: columns = {columns} would write "
        "it twice. Use `tag`, `pos` or `_.name` for the other columns."
    )
    B120 = (
        "{where}: {found} columns where CoNLL-U has {expected}, between tabs. Other "
        "columns are read by spacy-birnn.ConllCorpus.v1."
    )
    B121 = (
        "{where}: ID '{value}' where {expected} was expected: words are numbered from "
        "1, ranges (3-4) stand before their words, empty nodes (3.1) after a word."
    )
    B122 = "{where}: HEAD '{value}' is not the number of a word of the sentence, nor 0."
    B123 = "{where}: FEATS '{value}' is not written as Name=Value|Name=Value or _."
    B124 = "{path}: not a whole .spacy file: it is cut, damaged or something else."
    B125 = "{url}: cannot be downloaded: {reason}."
    B126 = "{url}: the download is cut: {size} bytes arrived of {expected}. Try again."
    B127 = (
        "{path}: `name` and `revision` belong to a dataset on the Hub, not to files: "
        "leave them out."
    )
    B128 = "{path}: cannot tell the format: expected a file named {known}."
    B129 = "{path}: cannot be loaded as a dataset: {reason}"
    B130 = "{path}: there is no column '{column}': the dataset has {columns}."
    B131 = "{where}: column '{column}' (`tokens`) does not hold a list of words."
    B132 = "{where}: {words} tokens, but {labels} labels."
    B133 = (
        "{where}: column '{column}' (`labels`) holds neither strings nor class labels "
        "with names."
    )
    B134 = "{path}: there is no split '{split}': the dataset has {known}."
    B135 = (
        "The `path` of the corpus must be a string that is not empty or a Path, or for "
        "files a list of these, not {path!r}."
    )
    B136 = '`columns` must be such as {{"word": 0, "ents": 3}}, not {columns!r}.'
    B137 = (
        "`columns`: '{target}' must be a whole number (counted from 0, or from the end "
        "with -1), not {index!r}."
    )
    B138 = "`limit` must be a whole number of at least 0 (0 for all), not {limit!r}."

    B139 = "Unknown `{name} = {value!r}`: use one of {choices}."
    B140 = "Unknown `encoding = {encoding!r}`: use a name such as utf-8 or latin-1."
    B141 = (
        "{where}: the tag '{tag}' in {column} has no type: name the type of such spans "
        "with `label` (--label), such as label = ENTITY."
    )
    B142 = (
        "{path}: column {index} holds nothing but numbers, so it cannot be the words: "
        "name the column that holds them, as in --columns word=1,ents=-1 (`columns` in "
        "a config)."
    )
    B143 = "{path}:{line}: global.columns names no column FORM, which holds the words."
    B144 = "{where}: not JSON ({reason})."
    B145 = (
        "{where}: cannot be read as an export of Prodigy, Doccano, Label Studio, brat "
        "or spaCy: {reason}."
    )
    B146 = (
        "{where}: the span {start}-{end} lies outside of the text, which has {length} "
        "characters."
    )
    B147 = (
        "{where}: the span {start}-{end} is '{found}' in the text, but the export says "
        "'{marked}': export the texts and spans of one version again."
    )
    B148 = "{path}: its text {text} is not beside it."
    B149 = "Scheme raw reads tags, not spans: set target = tag, pos or _.name instead."
    B150 = (
        "`joined` must be a whole number of at least 2 (0 to join nothing), not "
        "{joined!r}."
    )

    # --- B201-B299: scoring, tagging, command line ------------------------------------
    B201 = "Wrong usage: {message}. Try '{command} --help'."
    B202 = "{path} exists already: give --force to replace it."
    B203 = "Cannot write {path}: {reason}."
    B204 = (
        "Cannot load the pipeline '{model}': {reason}. A pipeline is a folder, such as "
        "model/model-best, or an installed package.{hint}"
    )
    B205 = (
        "Cannot use GPU {gpu_id}: {reason}. A GPU needs CUDA and CuPy (pip install "
        "'spacy-birnn[gpu]'); without --gpu-id the CPU is used."
    )
    B206 = (
        "{where}: no JSON object ({reason}). JSON lines hold one object a line, with "
        "the key 'text' or 'tokens'."
    )
    B207 = (
        "{where}: there is no {keys}: name the right ones with --text-field or "
        "--tokens-field."
    )
    B208 = "{where}: '{key}' must be {expected}, not {value}."
    B209 = "{where}: 'tokens' do not spell 'text'. Leave one of the two out."
    B210 = (
        "{where}: the text has {length} characters, more than the pipeline's limit of "
        "{limit}. Split it, or use a pipeline without spaCy's parser and ner."
    )
    B211 = (
        "{path} is a pipe, whose format cannot be told without reading it: give "
        "--input-format."
    )
    B212 = (
        "doc.spans['{key}'] holds spans that overlap, which CoNLL columns cannot say: "
        "use --output-format jsonl or spacy."
    )
    B213 = (
        "The pipeline '{model}' sets no entities, spans or tags (its components: "
        "{components}): there is nothing to {action}."
    )
    B214 = (
        "{path} has no gold annotation for what the pipeline sets ({targets}). For a "
        "CoNLL file say with --columns which column holds it, as in --columns "
        "word=0,{column}=-1; for entities in MISC of CoNLL-U give --ents-key; for tags "
        "in JSON lines of `tag`, --format datasets --labels tags."
    )
    B215 = "{path} holds .spacy files already: convert reads other formats."
    B216 = "Cannot use the language '{lang}' ({reason}): give a code such as en or xx."
    B217 = "{path} is a directory: give the files in it."
    B218 = (
        "{key}: a number is too large for the .spacy format: use --output-format "
        "jsonl, or leave the key out of the input."
    )
    B219 = "{path} is read, so it cannot be written to: name another file."
    B220 = (
        "--task {task} learns from the column '{column}', which --columns leaves out: "
        "add it, as in --columns word=0,{column}=-1."
    )
    B221 = "--scheme raw leaves --task {task} no spans to learn: name their scheme."
    B222 = "The environment variable {variable} is no list of settings: {reason}."
    B224 = (
        "A worker process {reason}. What was finished before stays, and --resume goes "
        "on. If the system is short of memory, give a smaller --n-process."
    )
    B225 = (
        "A worker process failed ({reason}): with --n-process 1 the error is shown "
        "where it arises."
    )
    B236 = "{path}: not a config that can be read: {reason}."
    B237 = "The setting {name} has no value: write --{name} VALUE or --{name}=VALUE."
    B238 = "{where}: the file given with --code cannot be run: {reason}."

    B250 = (
        "{path}: '{protocol}://' cannot be used here ({reason}): install what fsspec "
        "needs for it, such as s3fs for s3 or gcsfs for gs."
    )
    B252 = (
        "{path}: there is no column '{column}' (there are: {columns}): name the one "
        "that holds the text with --text-field, or a list of words with --tokens-field."
    )
    B253 = (
        "{path}: cannot be read as {kind}, it is cut, damaged or something else: "
        "{reason}."
    )
    B254 = "{path}:{line}: cannot be read as CSV: {reason}."
    B255 = "{where}: {found} fields where the header has {expected}."
    B256 = "Unknown input format '{format}': use one of {known}."
    B257 = "{path}: no file has such a name."
    B258 = (
        "Standard input (-) has no name to tell its format by: give --input-format, "
        "one of {known}."
    )
    B259 = (
        "Shards of '{size}': give documents, such as 10000, or bytes of input, such as "
        "64MB (B, KB, MB, GB)."
    )
    B260 = (
        "{where}: the document cannot be tagged or written: {reason} With --on-error "
        "skip it is left out."
    )
    B261 = (
        "{path} cannot be resumed: {name} was {then}, and is {now}. Use what it was "
        "begun with, or --force to begin anew."
    )
    B262 = (
        "{path} holds an unfinished run: give --resume to go on with it, or --force to "
        "begin anew."
    )
    B263 = (
        "{path} is not empty: name another folder, or give --force to replace what an "
        "earlier run wrote there (other files stay)."
    )
    B264 = (
        "{out} cannot be resumed: {path} has changed since it was tagged. Give --force "
        "to begin anew."
    )
    B265 = "{name} cannot be {value}: give {known}."
    B266 = (
        "--resume needs files, which can be read again and go on: leave it out for "
        "standard input, and write to a file or a folder with -o."
    )
    B267 = (
        "The engine ray hands out files: it cannot read standard input, nor write to a "
        "pipe. Name files, and write to a file or a folder with -o."
    )
    B268 = "{name} is for --engine ray: leave it out, or choose that engine."

    B270 = (
        "Shard {number} ({inputs}) ended its worker {count} times: look for a document "
        "that needs more memory than a worker has, or give --on-error skip."
    )
    B271 = "Ray stopped ({reason}). What was finished stays, and --resume goes on."
    B272 = "--engine ray needs Ray: pip install 'spacy-birnn[ray]'."
    B273 = "Ray cannot be started or reached ({address}): {reason}."

    B276 = (
        "The head of the Ray cluster ({address}) does not answer any more. What was "
        "finished stays, and --resume goes on."
    )
    B277 = (
        "No node of the Ray cluster has had a CPU (or the GPUs) for an actor for "
        "{seconds} seconds: see `ray status`. What was finished stays, and --resume "
        "goes on."
    )
    B278 = (
        "{count} workers ended while they loaded the pipeline: look whether it needs "
        "more memory than a worker has. What was finished stays, and --resume goes on."
    )

    B274 = (
        "A {kind} cannot be tagged as a frame: give a frame of pandas or polars, or a "
        "table or record batch of Arrow."
    )
    B275 = "There is no column '{column}' (there are: {columns}): give text_column."
    B226 = "{option} is for {kinds} only, and no input holds any: leave it out."
    B227 = (
        "{path}: {content} is written, which such a name does not promise: give a name "
        "that ends in {ending}."
    )
    B485 = (
        "{path}: say which split of the dataset is read, as in --split test or --split "
        "train[:10%]."
    )
    B486 = (
        "{path}: text and JSON lines in {encoding} cannot be read line by line: write "
        "them anew as UTF-8, or give --whole-files for a document a file."
    )
    B487 = "{path} holds no trained pipeline: give the folder that has its config.cfg."
    B488 = (
        "{path}: a {mode} table of vectors has no words to leave out: train with a "
        "smaller one."
    )
    B489 = (
        "{path} is part of a dataset: read it with --format datasets, in a config with "
        "spacy-birnn.DatasetsCorpus.v1."
    )
    B490 = (
        "The config names '{name}', which is not there: {hint}. Of this project there "
        "are {ours}."
    )
    B491 = "No pipeline can be made from the config: {reason}."
    B492 = "Config: there is no {kind} '{name}' in {where}: {hint}"
    B493 = "Config: {where}: {reason}."
    B494 = (
        "{path} looks like running text, not like columns: line {line} has {found} "
        "words, others have {expected}. Text without annotation is read by spacy-birnn "
        "tag, as .txt or with --input-format text."
    )
    B495 = "{path} is no text, but {kind}: save its text as a file of its own first."
    B496 = (
        "spacy-birnn.start_from.v1: no component of ours is new, and sourced and "
        "frozen ones keep what they know: set [initialize.after_init] model = null."
    )
    B497 = "Component '{name}': temperature = {value!r} must be a number above 0."

    # --- B460-B479, B482-B484: streaming ----------------------------------------------
    B460 = (
        "spacy-birnn.BiRNNEncoder.v1: lookahead = {value!r} must be a whole number of "
        "at least 0, or null for the rest of the sequence."
    )
    B461 = (
        "spacy-birnn.BiRNNEncoder.v1: lookahead = {value} needs a backward direction "
        "and depth = 1, but the config says {found}: leave out lookahead, or change it."
    )
    B462 = (
        "Component '{name}' cannot be streamed: '{found}' in its model does not run "
        "from word to word. It needs a spacy-birnn.Tok2Vec.v1 of its own (no listener, "
        "no transformer) over spacy-birnn.WordCharEmbed.v1 and "
        "spacy-birnn.BiRNNEncoder.v1."
    )
    B463 = (
        "Component '{name}' cannot be streamed on a GPU: load the pipeline on the CPU."
    )
    B464 = (
        "Component '{name}': a lag of {lag!r} is no number of words that a label can "
        "wait for: give a whole number from 0 to {most:,}, or None for all labels at "
        "the end."
    )
    B465 = (
        "Component '{name}': {depth} layers of both directions cannot be streamed with "
        "a lag: give lag=None, or train with depth = 1 or bidirectional = false."
    )
    B466 = "Component '{name}': the stream is finished: open another one for '{what}'."
    B467 = "Component '{name}': a stream takes a list of words or a Doc, not {what}."
    B468 = (
        "Component '{name}' was trained or loaded anew while streams were open: finish "
        "streams before, and open new ones."
    )
    B469 = (
        "Component '{name}': break_(carry=True) needs a lag: with lag=None the labels "
        "are those of nlp(doc), whose sentences do not know of each other."
    )
    B470 = (
        "Component '{name}': the stream was opened with keep=False, so there is no "
        "doc() of it."
    )
    B471 = "Component '{name}': the state of a stream is cut or altered."
    B472 = (
        "Component '{name}': the state is that of a stream over another model: load "
        "the pipeline that it was made with."
    )
    B473 = (
        "Component '{name}': the state is of a stream with lag={found}, keep={kept}, "
        "{spans} confidences: open the new one so, not with lag={lag}, keep={keep}."
    )
    B474 = (
        "Component '{name}': the stream is in use: load a state into a new one, before "
        "its first word."
    )
    B475 = (
        "Component '{name}': there is no open stream {which!r} among {n_open}: join() "
        "opens one."
    )
    B476 = (
        "Component '{name}': {found} lists of words for {n_open} open streams: give "
        "one for each, or a dict of lists by the streams' numbers."
    )

    B477 = "What was given is no UTF-8 ({reason}): convert it first, such as by iconv."
    B478 = (
        "The pipeline has no component that can be streamed (it has: {components}): "
        "--stream needs a birnn_ner, birnn_chunker or birnn_tagger."
    )
    B479 = "Standard input: there is no column {column} in the line '{line}'."
    B482 = (
        "Component '{name}': the state has format {found}, this version reads {known}: "
        "install the spacy-birnn that wrote it."
    )
    B483 = (
        "Component '{name}': {n!r} is no number of streams: give a whole number of at "
        "least 0."
    )
    B484 = "Component '{name}': the stream {which} is named twice."

    # --- B301-B399: project steps (scripts/) ------------------------------------------
    B301 = (
        "{path} has no asset below '{name}': give a name as its assets have in dest, "
        "such as assets/wnut17."
    )
    B302 = (
        "{url}: what came has the MD5 checksum {found}, but {expected} is pinned: "
        "nothing was kept; run again, and if it stays so, the file has changed at its "
        "source."
    )
    B303 = (
        "{path}: the MD5 checksum is {found}, but {expected} is pinned in project.yml: "
        "remove the file to fetch it again, or name another place."
    )
    B304 = "{path}: there is no such file, and none to fetch. {hint}"
    B305 = (
        "{where}: not a table of word vectors ({reason}): expected lines of a word and "
        "its numbers, as plain text, .gz or .zip."
    )
    B306 = "{path}: there are no sentences to split: expected CoNLL columns."

    # --- B401-B499: diagnostics -------------------------------------------------------
    B401 = "{where}: {key} = {value!r} must be a finite number."
    B404 = (
        "Component '{name}': its model cannot be taken apart: the encoder must be a "
        "spacy-birnn.BiRNNEncoder.v1 over an embedding, and its output must go "
        "straight into the spacy-birnn.SequenceTagger.v1."
    )
    B405 = (
        "The data hold {found} tokens in all: at least {least} are needed, so that "
        "gradients have some way to go. Give more data."
    )
    B406 = (
        "The data have no gold annotation for '{target}': name the column that holds "
        "it, as in --columns word=0,{target}=-1."
    )
    B407 = (
        "{path}: the pipeline of the config cannot be initialized on the data: "
        "{reason}."
    )
    B408 = (
        "{path}: the log says nothing of gradients: spacy-birnn train writes them, "
        "where [training.logger] is spacy-birnn.ConsoleLogger.v1 with a log_file."
    )
    B409 = "Nothing to draw: give pipelines or configs with --data, or logs with --log."
    B410 = "--data is missing: gradients are those of a loss, and need annotated data."
    B411 = "{path}: write a page that ends in .html, or figures that end in .json (-o)."
    B412 = "Several are called '{name}': name them, as in first={path}."
    B413 = "Pictures need matplotlib: pip install 'spacy-birnn[report]'."
    B420 = "There are no predictions with a confidence: nothing can be compared."
    B421 = "A confidence of {value!r} is no probability: it must be from 0 to 1."
    B422 = (
        "{path}: the training log is empty: give the file that [training.logger] "
        "log_file names, after training has been evaluated once."
    )
    B423 = (
        "{path}:{line}: no line of a training log ({reason}): give the file that "
        "[training.logger] log_file names."
    )
    B424 = (
        "{option} is shown in a report: give --report REPORT.html{other}, or leave it "
        "out."
    )
    B425 = "{path} is named for both {one} and {other}: give each its own file."
    B426 = (
        "The baseline '{model}' does not set what '{other}' sets ({targets}): there is "
        "nothing to compare."
    )
    B428 = "The text is empty: there is nothing to explain."
    B429 = "{key} = {value!r} must be a whole number of at least {least}."
    B440 = (
        "The pipeline has no birnn_ner, birnn_chunker or birnn_tagger (its components: "
        "{components}), whose probabilities are needed here."
    )
    B441 = (
        "Of the pipeline's components {known} can be asked, and {asked}: name one with "
        "--component (`component` in Python)."
    )
    B442 = "Unknown measure '{by}': use one of {known}."
    B443 = "Cannot select {n} texts: give a number of at least 1."
    B444 = (
        "similarity = {similarity}: give a number above 0 (more than 1 keeps near "
        "duplicates)."
    )
    B445 = (
        "Component '{name}': the data has no gold annotation of {target}, so there is "
        "nothing to calibrate by. Check its columns or keys, or leave the component "
        "out by naming others with --component."
    )
    B446 = (
        "Component '{name}': the {words} annotated words do not say how sure it should "
        "be: it makes no error on them, or next to nothing is right. Calibrate on more "
        "data that training has not seen."
    )
    B447 = (
        "{path} is no pipeline, so it is not replaced: name another folder for the "
        "calibrated one."
    )
    B448 = (
        "unmarked = missing is for entities: a group of spans cannot say that a part "
        "of a text is unknown. Leave it out, or set target = ents."
    )
    B449 = "No text with a word in {inputs}: there is nothing to choose from."

    # --- B450-B459, B480-B481: distillation -------------------------------------------
    B450 = (
        "The labels of the student ({found}) are not those that its targets were made "
        "for ({expected}): begin anew with --force instead of --resume."
    )
    B451 = (
        "The teacher {model} does not set {target}, which the student learns (it sets: "
        "{targets}): give another teacher, or a config for what it sets."
    )
    B452 = (
        "The labels of {who} ({labels}) have nothing in common with those of {other} "
        "({others}): give teachers and data with the same labels."
    )
    B453 = (
        "The student has to have one birnn_ner, birnn_chunker or birnn_tagger, and the "
        "config has {found}: write one with spacy-birnn init-config, for one task."
    )
    B454 = "No text with a word in {inputs}: there is nothing to learn from."
    B455 = (
        "{path} was made for another distillation: {differences}. Give what was given "
        "then, or begin anew with --force instead of --resume."
    )
    B456 = (
        "The labels of {target} are not known: the teachers do not list theirs. Give "
        "annotated data with --train, or the labels as [initialize.components.{name}] "
        "labels."
    )
    B457 = (
        "{path} cannot be read ({reason}): begin anew with --force instead of --resume."
    )
    B458 = "{name} = {value!r}: distillation needs {expected}."
    B459 = (
        "The training corpus does not yield the documents that the teachers have read: "
        "it must be the same each time. Begin anew with --force instead of --resume."
    )
    B480 = (
        "The teacher {name} fails where it reads ({reason}): see whether it tags a "
        "text by itself."
    )
    B481 = (
        "--train has no effect: [{corpus}] path of the config is not ${{paths.train}}. "
        "Write that there, or leave --train out."
    )


class Warnings(metaclass=_Coded):
    # --- W001-W099: models and components ---------------------------------------------
    W001 = (
        "spacy-birnn.WordCharEmbed.v1: vectors = 'frozen', but the vocabulary has no "
        "word vectors: only characters are used. Set [initialize] vectors."
    )

    # --- W101-W199: data and tag schemes ----------------------------------------------
    W101 = (
        "{path}: {count} tags break the scheme {scheme} and were repaired (a tag that "
        "cannot continue a span starts one); the first at {first}."
    )

    W102 = (
        "{path}: column 0 counts the tokens of each sentence, so the words are read "
        "from column 1: say so with --columns word=1,ents=-1 (`columns` in a config)."
    )
    W103 = (
        "{path}:{line}: the row names the columns and is left out: say so with "
        "--header (header = true), or keep it with --no-header (header = false)."
    )
    W104 = (
        "{path}: {count} empty or white-space words were {done}; the first at {first}."
    )
    W105 = (
        "{path}: nothing is annotated ({kind}), so there is nothing to learn or score. "
        "Check the columns or keys that the settings name."
    )
    W106 = (
        "{path}: MISC has entities as '{part}', but {key}= is read: set ents_key = "
        "{name} (--ents-key {name})."
    )
    W107 = (
        "{path}: {count} of {total} spans begin or end inside a token of the pipeline "
        "(alignment_mode = {mode}); the first at {first}."
    )
    W108 = (
        "{path}: {count} of {total} spans overlap a longer one and were left out; the "
        "first at {first}."
    )
    W109 = (
        "{path}: {count} spans have several parts, which cannot be learned: their "
        "tokens count as unannotated; the first at {first}."
    )
    W110 = (
        "{path}: the gold labels of {target} ({gold}) and the predicted ones "
        "({predicted}) have nothing in common, so nothing can match. Check the column, "
        "or map the labels."
    )

    W111 = (
        "{path}: the tokenizer of no language in particular (xx) splits the texts: "
        "give --lang CODE for that of the pipeline to be trained."
    )

    W112 = (
        "{path}: `columns` name the words alone, so no labels are read from the other "
        "columns of the file: add them, as in word={word},ents=-1."
    )

    # --- W201-W299: scoring, tagging, command line ------------------------------------
    W201 = (
        "{path} looks like columns, but .txt is read as text, a document a line: give "
        "--input-format {format}, or --input-format text if it is text."
    )
    W210 = "{path} holds no documents."

    # --- W492-W495, W497: training ----------------------------------------------------
    W492 = (
        "Nothing was predicted right: {steps:,} steps are too few, {enough:,} are "
        "usually enough. To go on, give the same command with --resume {options}"
    )
    W493 = (
        "Nothing was predicted right in {steps:,} steps: look whether the training and "
        "the dev corpus have the same labels, and lower [training.optimizer] "
        "learn_rate."
    )
    W494 = (
        "Config: training.score_weights.{key} counts as 0, since nothing gives a score "
        "of that name: {hint}."
    )
    W495 = (
        "Config: training.optimizer.rates has no effect for '{pattern}': no parameter "
        "that was updated has such a name. It has {names}."
    )

    W497 = (
        "Component '{name}': the development corpus has the labels {gold}, of which "
        "the training corpus has none ({known}): nothing can be predicted right. Check "
        "the columns of both."
    )

    # --- W496: streaming --------------------------------------------------------------
    W496 = (
        "Component '{name}': a stream labels each word without the votes of its other "
        "mentions (votes), which it may not have read yet. lag=None and nlp(doc) count "
        "them."
    )

    # --- W450-W459: distillation ------------------------------------------------------
    W450 = (
        "The labels of teachers and data differ: {found}. What one of them does not "
        "know is improbable to it."
    )

    # --- W401-W419: gradients ---------------------------------------------------------
    W401 = (
        "Component '{name}', step {step}: gradients vanish. What the hidden states of "
        "{layer} get back through time is {share} times what they get from their own "
        "tokens, so the network hardly learns from context. {advice}"
    )
    W402 = "Component '{name}', step {step}: gradients explode. {what} {advice}"
    # --- W401-W499: diagnostics -------------------------------------------------------
    W440 = (
        "Component '{name}' was calibrated (temperature {temperature:.3g}). Training "
        "changes the weights that this was fitted to, so the temperature is 1 again: "
        "calibrate the trained pipeline anew."
    )
    W441 = (
        "{path}: the training data have no labels of {target}, so the report cannot "
        "tell there what training has seen. Check --columns."
    )


def one_line(error: Exception) -> str:
    """The message of an error that is not ours, in one line without a full stop; its
    kind where it has none."""
    return " ".join(str(error).split()).rstrip(".") or type(error).__name__


def describe_error(error: Exception) -> str:
    """The kind of an error that is not ours, and what it says, in one line without a
    full stop."""
    kind, message = type(error).__name__, one_line(error)
    return kind if message == kind else f"{kind}: {message}"


def some_names(names: Iterable[str]) -> str:
    """Names in order, of which the first eight stand for more."""
    found = sorted(names)
    return ", ".join(found[:8]) + (", …" if len(found) > 8 else "")
