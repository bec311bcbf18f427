// The short form of the property-based test of the API: `npm run fuzz` sends thousands of requests, this some hundred.
import { execFile } from 'node:child_process'
import path from 'node:path'
import { CHECKOUT } from '@stillhouse/testkit'
import { expect, it } from 'vitest'

const COMMAND = path.join(CHECKOUT, 'test/fuzz/run.mjs')

function run(...args: string[]): Promise<{ code: number; text: string }> {
  return new Promise((resolve) => {
    execFile(process.execPath, [COMMAND, ...args], { maxBuffer: 2 ** 26 }, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code), text: out + err })
    })
  })
}

it('no request drawn from the OpenAPI document meets a failure, a status that is not documented, or another team', async () => {
  const { code, text } = await run('--quick')
  expect(text).toContain('0 findings, 0 errors')
  expect(code).toBe(0)
})
