#!/bin/sh
# Trains the shipped model on the stores of lite_stores.sh, and puts it into the package; an hour of
# one core that knows bf16. Of corpora it reads nEMO's voices too, which no model learns from.
#   sh benchmarks/lite_model.sh corpora stores runs
# $WORDS: a checkpoint whose text encoder is kept; without it the encoder is trained first.
set -e
corpora=$1 stores=$2 runs=$3 here=$(dirname "$0") lite=src/synctva/models/lite

if [ -z "$WORDS" ]; then
    synctva train recipes/lite-words.toml --store "$stores/lite" --out "$runs/words" --seeds 1
    WORDS="$runs/words/seed-0/checkpoint"
fi
python "$here/words_encoded.py" "$stores/lite" --model "$WORDS" --out "$stores/lite-encoded"
synctva train recipes/lite-model.toml --store "$stores/lite-encoded" --out "$runs/lite" --seeds 1
python "$here/ship_lite.py" "$runs/lite" --words "$WORDS" \
    --voices "$stores/ravdess" "$stores/emodb" --out "$runs/lite/shipped"
python "$here/confidence.py" "$runs/lite/shipped" --out "$lite" --work "$runs/confidence" \
    --training "$stores/lite" --words "$stores/meld-tokens" \
    --voices "$corpora/ravdess" "$corpora/emodb" --strangers "$corpora/nemo" \
    --faces "$corpora/fer2013" --goemotions "$corpora/goemotions" --labels "$corpora/emotiontalk"
cp "$runs/lite/recipe.toml" "$runs/lite/seed-0/log.jsonl" "$lite/"
