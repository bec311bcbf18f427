import { ApiError } from '@stillhouse/kit'
import type { Job, UploadedModel } from '@stillhouse/spec'
import { expect, test, vi } from 'vitest'
import { lookUpOnce } from './look-up-once.ts'

test('what was found, and what was not, is looked up once per id', async () => {
  const getJob = vi.fn(async (id: string) => ({ id }) as Job)
  const getModel = vi.fn(async (id: string): Promise<UploadedModel> => {
    throw new ApiError('model.not_found', `There is no model ${id}.`)
  })
  const service = lookUpOnce({ getJob, getModel })
  expect(await Promise.all(['a', 'b', 'a'].map((id) => service.getJob(id)))).toEqual([
    { id: 'a' },
    { id: 'b' },
    { id: 'a' },
  ])
  for (let n = 0; n < 2; n += 1) await expect(service.getModel('m')).rejects.toMatchObject({ code: 'model.not_found' })
  expect(getJob.mock.calls).toEqual([['a'], ['b']])
  expect(getModel).toHaveBeenCalledOnce()
})
