// Teachers that a job takes from elsewhere.
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, describe, expect, it } from 'vitest'
import { saveLayersModel } from '../network/layers-model-files.ts'
import { tf } from '../testing/native-tf.ts'
import { resultOf as result, tinyJobRoot as root, runTinyJob as run } from '../testing/run-tiny-job.ts'
import { softmaxTeacher } from '../testing/softmax-teacher.ts'
import { tinyJob } from '../testing/tiny-shelves.ts'

afterAll(() => rm(root, { recursive: true }))

describe('a teacher from elsewhere', () => {
  const upload = 'a'.repeat(64)
  const spec = tinyJob({ teacher: { from: { upload } }, evaluate: { baseline: false, latencyRuns: 0 } })

  it('teaches, softmax and all, and is measured', async () => {
    const ran = await run({ spec, models: { [upload]: await softmaxTeacher() } })
    expect(ran.asked).toEqual([{ upload }])
    expect(result(ran)).toMatchObject({ 'teacher.params': 36 * 3 + 3, agreement: expect.any(Number) })
    expect(Object.keys(result(ran)).filter((name) => /latency|baseline|Baseline/.test(name))).toEqual([])
    const losses = ran.points.filter(({ name }) => name === 'loss.kd0').map(({ value }) => value)
    expect(losses.length).toBeGreaterThan(3)
    expect(losses.every((value) => value >= 0 && value < 20)).toBe(true)
  })

  it.each([
    ['is missing', async () => ({}), /upload a+.*received nothing/],
    [
      'has other classes',
      async () => ({ [upload]: await softmaxTeacher(4) }),
      /outputs of one shape \[3\]; received \[4\]/,
    ],
    [
      'ends in a sigmoid',
      async () => ({ [upload]: await softmaxTeacher(3, 'sigmoid') }),
      /linear or softmax; received sigmoid/,
    ],
    [
      'is damaged',
      async () => {
        const model = await softmaxTeacher(3)
        const dir = `${model.dir}-damaged`
        await rm(dir, { recursive: true, force: true })
        await saveLayersModel({ tf, dir }, tf.sequential({ layers: [tf.layers.flatten({ inputShape: [6, 6, 1] })] }))
        await writeFile(join(dir, 'model.json'), '{"modelTopology":')
        return { [upload]: { dir, metrics: {} } }
      },
      /cannot be loaded/,
    ],
  ])('that %s ends the job with teacher.unavailable', async (_what, models, message) => {
    await expect(run({ spec, models: await models() })).rejects.toMatchObject({
      code: 'teacher.unavailable',
      message: expect.stringMatching(message),
    })
  })
})
