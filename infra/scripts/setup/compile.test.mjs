import { describe, expect, it } from 'vitest'
import { compile, compileFailed } from './compile.mjs'
import { failureOf, temporaryFolder, writeFiles } from './test-support.mjs'

/** @param {string} script what the compiler does */
function checkout(script) {
  const root = temporaryFolder()
  writeFiles(root, { 'node_modules/@typescript/native/bin/tsc': script, 'package.json': '{"type":"module"}' })
  return root
}

describe('compile', () => {
  it('counts the projects that were out of date', async () => {
    const line = "[1:00:00 AM] Building project '/x/tsconfig.json'...\\n"
    const root = checkout(`process.stdout.write("${line}${line}")`)
    expect(await compile({ root, env: process.env })).toEqual({ built: 2 })
  })

  it('passes options on to the compiler', async () => {
    const root = checkout('process.exit(process.argv.includes("--force") ? 0 : 1)')
    expect(await compile({ root, env: process.env, args: ['--force'] })).toEqual({ built: 0 })
  })

  it('shows the errors and counts them', async () => {
    const root = checkout(
      `console.log("noise"); console.log("a.ts(1,2): error TS1: no"); console.log("a.ts(3,4): error TS2: no"); process.exit(1)`,
    )
    const error = await failureOf(() => compile({ root, env: process.env }))
    expect(error.message).toBe('the build failed: 2 errors in 1 files')
    expect(error.detail).toEqual(['a.ts(1,2): error TS1: no', 'a.ts(3,4): error TS2: no'])
  })
})

describe('compileFailed', () => {
  it('does not flood the screen', () => {
    const output = Array.from({ length: 50 }, (_, i) => `f${i}.ts(1,1): error TS9: no`).join('\n')
    const { detail } = compileFailed(output, '/r')
    expect(detail).toHaveLength(21)
    expect(detail.at(-1)).toBe('… and 30 more')
  })

  it('shows what there is when the compiler itself broke', () => {
    expect(compileFailed('panic: out of memory\n', '/r')).toMatchObject({
      message: 'the build failed',
      detail: ['panic: out of memory'],
    })
  })
})
