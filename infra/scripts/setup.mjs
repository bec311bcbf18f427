#!/usr/bin/env node
// Makes a fresh clone ready to run: `npm run demo` and `npm test` call this first, so it must be safe to repeat and
// quick when there is nothing to do. This file is written so that even an old Node can parse it: everything else is
// loaded only after the version has been found good enough, so that the user reads a sentence and not a SyntaxError.
import { nodeTooOld } from './setup/node-too-old.mjs'

const problem = nodeTooOld(process.versions.node)
if (problem) {
  process.stderr.write(problem)
  process.exitCode = 1
} else {
  void import('./setup/main.mjs').then((setup) => setup.main(process.argv.slice(2)))
}
