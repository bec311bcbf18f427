#!/usr/bin/env node
// At a release, after docs/openapi.json is final: `node infra/scripts/keep-protocol.mjs` keeps what workers and API say to
// each other now. From then on a test sees to it that workers of this version can finish their jobs with a newer API.
import { writeFileSync } from 'node:fs'
import { currentProtocol, PREVIOUS_FILE } from './protocol/worker-protocol.mjs'

const protocol = currentProtocol()
writeFileSync(PREVIOUS_FILE, `${JSON.stringify(protocol, null, 1)}\n`)
console.log(
  `kept the ${Object.keys(protocol.calls).length} calls of workers of ${protocol.version} in ${PREVIOUS_FILE}`,
)
