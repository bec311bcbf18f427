import type { Job, ModelFiles, Problem, TrainedTeacher, UploadedModel } from '@stillhouse/spec'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { sha256 } from '../../testing/fake-service.ts'
import { as, createTestApp, MINIMAL_JOB, type TestApp } from '../../testing/test-app.ts'

let t: TestApp
const id = sha256('a model')
const files = [{ path: 'model.json', sha256: sha256('{}'), size: 2, contentType: 'application/json' }]

beforeAll(async () => {
  t = createTestApp()
  await t.app.ready()
  const model = { id, format: 'tfjs-layers' as const, inputShape: [784], outputShape: [10], params: 7850, size: 2 }
  await t.service.saveModel(model, files)
})
afterAll(async () => {
  expect(t.violations).toEqual([])
  await t.app.close()
})

test.each(['reader', 'worker'] as const)('a %s reads an uploaded model and its files', async (role) => {
  const model = await t.app.inject({ url: `/v1/models/${id}`, headers: as(role) })
  expect(model.json<UploadedModel>()).toMatchObject({ id, params: 7850 })
  const response = await t.app.inject({ url: `/v1/models/${id}/files`, headers: as(role) })
  expect(response.json<ModelFiles>()).toEqual({ format: 'tfjs-layers', files })
})

test.each(['', '/files'])('an unknown model has no %s', async (path) => {
  const response = await t.app.inject({ url: `/v1/models/${sha256('other')}${path}`, headers: as('reader') })
  expect(response.statusCode).toBe(404)
  expect(response.json<Problem>().code).toBe('model.not_found')
})

test('the student of a job is there once the job has succeeded', async () => {
  const submitted = await t.app.inject({ method: 'POST', url: '/v1/jobs', payload: MINIMAL_JOB, headers: as('writer') })
  const url = `/v1/jobs/${submitted.json<Job>().id}/model`
  expect((await t.app.inject({ url, headers: as('worker') })).statusCode).toBe(404)
  t.service.emit(submitted.json<Job>().id, { type: 'state', data: { state: 'succeeded', attempt: 1 } })
  expect((await t.app.inject({ url, headers: as('worker') })).json<ModelFiles>()).toMatchObject({
    format: 'tfjs-layers',
  })
})

test('a trained teacher is kept under its key and found again', async () => {
  const teacher: TrainedTeacher = { key: sha256('recipe'), files, metrics: { accuracy: 0.99 } }
  const url = `/v1/teachers/${teacher.key}`
  expect((await t.app.inject({ url, headers: as('worker') })).statusCode).toBe(404)
  const saved = await t.app.inject({ method: 'PUT', url, headers: as('worker'), payload: teacher })
  expect([saved.statusCode, saved.body]).toEqual([204, ''])
  expect((await t.app.inject({ url, headers: as('worker') })).json<TrainedTeacher>()).toEqual(teacher)
})

test('a teacher is not kept under another key', async () => {
  const payload = { key: sha256('other recipe'), files, metrics: {} }
  const url = `/v1/teachers/${sha256('a recipe')}`
  const response = await t.app.inject({ method: 'PUT', url, headers: as('worker'), payload })
  expect(response.statusCode).toBe(400)
  expect(response.json<Problem>().faults).toMatchObject([{ path: '/key' }])
})
