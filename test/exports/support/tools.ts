// What set-up found or installed for these tests.
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'

const FILE = fileURLToPath(new URL('../../../.stillhouse/tools.json', import.meta.url))

interface Tools {
  readonly chromium: string
  readonly pythonTensorflow: { readonly python: string; readonly packages: string }
}

/** @throws Error saying how to get it */
export function tool<Name extends keyof Tools>(name: Name): Tools[Name] {
  const found = readTools()[name]
  if (found !== undefined) return found
  throw new Error(`No ${name} in ${path.basename(FILE)} for the tests: run \`node infra/scripts/setup.mjs --test\`.`)
}

function readTools(): Partial<Tools> {
  try {
    return JSON.parse(readFileSync(FILE, 'utf8')) as Partial<Tools>
  } catch {
    return {}
  }
}
