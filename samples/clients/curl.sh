#!/usr/bin/env bash
# Each API of Quoin by curl, unstreamed and streamed: ./curl.sh
set -euo pipefail

address=${QUOIN_URL:-http://127.0.0.1:8080}
model=${QUOIN_MODEL:-sim}

# -N: curl shows each event as it comes.
ask() {
  echo "== $1"
  curl -sS -N --fail-with-body "$address$1" -H 'Content-Type: application/json' -d "$2"
  echo
}

hello='[{"role":"user","content":"Say hello."}]'
contents='[{"role":"user","parts":[{"text":"Say hello."}]}]'

ask /v1/chat/completions "{\"model\":\"$model\",\"messages\":$hello}"
ask /v1/chat/completions "{\"model\":\"$model\",\"stream\":true,\"messages\":$hello}"
ask /v1/responses "{\"model\":\"$model\",\"input\":\"Say hello.\"}"
ask /v1/responses "{\"model\":\"$model\",\"stream\":true,\"input\":\"Say hello.\"}"
ask /v1/messages "{\"model\":\"$model\",\"max_tokens\":200,\"messages\":$hello}"
ask /v1/messages "{\"model\":\"$model\",\"max_tokens\":200,\"stream\":true,\"messages\":$hello}"
ask "/v1beta/models/$model:generateContent" "{\"contents\":$contents}"
ask "/v1beta/models/$model:streamGenerateContent?alt=sse" "{\"contents\":$contents}"
ask /v1/completions "{\"model\":\"$model\",\"input\":\"Say hello.\"}"
