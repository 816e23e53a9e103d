#!/bin/sh
# Makes the stores that the shipped model learns from; an hour of one core.
#   sh benchmarks/lite_stores.sh corpora stores
# corpora: folders meld, goemotions, ravdess, emodb, fer2013 and emotiontalk (docs/corpora.md).
set -e
corpora=$1 stores=$2 here=$(dirname "$0")

for words in meld goemotions; do
    synctva import "$corpora/$words" --out "$stores/$words-tokens"
    synctva features "$stores/$words-tokens" --set modalities=text --set text.tokens=48
done
python "$here/voices_in_rooms.py" "$corpora/ravdess" --copies 1 --out "$stores/ravdess"
python "$here/voices_in_rooms.py" "$corpora/emodb" --copies 2 --out "$stores/emodb"
synctva features "$corpora/fer2013" --set modalities=visual --set visual.faces=whole \
    --set visual.pooling=mean --out "$stores/fer2013"
synctva compose "$stores/meld-tokens" --words "$stores/goemotions-tokens" \
    --audio "$stores/ravdess" --audio "$stores/emodb" --visual "$stores/fer2013" \
    --agreement "$corpora/emotiontalk" --reliability 0.75 --spread 0.25 --alone 7000 \
    --out "$stores/lite"
