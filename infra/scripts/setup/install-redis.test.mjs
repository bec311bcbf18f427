import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { installRedis, planRedis } from './install-redis.mjs'
import { readJson } from './json-file.mjs'
import { failureOf, fakeProgram, recordingView, temporaryFolder } from './test-support.mjs'

/** @param {string} version */
function pathWithRedis(version) {
  const folder = temporaryFolder()
  const path = fakeProgram(
    folder,
    'redis-server',
    `echo "Redis server v=${version} sha=00000000:0 malloc=libc bits=64"`,
  )
  return { path, env: { PATH: folder } }
}

describe('planRedis', () => {
  it.each(['6.2.0', '7.0.15', '8.2.1'])("uses the machine's own Redis %s", async (version) => {
    const { path, env } = pathWithRedis(version)
    expect(await planRedis({ platform: 'linux-x64', cache: temporaryFolder(), env })).toEqual({ path, version })
  })

  it.each(['5.0.14', '6.0.16'])("brings its own when the machine's is %s, which BullMQ refuses", async (version) => {
    const cache = temporaryFolder()
    const plan = await planRedis({ platform: 'linux-x64', cache, env: pathWithRedis(version).env })
    expect(plan).toEqual({ install: expect.stringContaining(`${cache}/redis/`) })
  })

  it('says what to install where none can be brought', async () => {
    const context = { platform: 'linux-arm64', cache: temporaryFolder(), env: { PATH: '' } }
    const error = await failureOf(() => planRedis(context))
    expect(error.message).toBe('no redis-server for the tests on linux-arm64')
    expect(error.fix.length).toBeGreaterThan(1)
  })
})

describe('installRedis', () => {
  it('tells the tests where the server is', async () => {
    const { path, env } = pathWithRedis('7.0.15')
    const folder = temporaryFolder()
    const tools = join(folder, '.stillhouse/tools.json')
    const context = {
      plan: { path, version: '7.0.15' },
      platform: 'linux-x64',
      python: '',
      tools,
      env,
      logs: folder,
      view: recordingView(),
    }
    expect((await installRedis(context)).changed).toBe(true)
    expect(readJson(tools)).toEqual({ redisServer: path })
    expect((await installRedis(context)).changed).toBe(false)
  })
})
