#!/bin/sh
# Copies the lessons into the page that is being built: the list, and each lesson's folder.
set -eu
cd "$(dirname "$0")"
to="${TRUNK_STAGING_DIR:?is set by trunk}/lessons"
mkdir -p "$to"
cp course.yaml "$to/"
for folder in [0-9]*/; do
  if [ -d "$folder" ]; then cp -R "$folder" "$to/${folder%/}"; fi
done
