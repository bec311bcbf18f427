// What a job's attempts leave behind: checkpoints, artifacts, and the models that others may use.
import { describe, expect, test } from 'vitest'
import { useJobs } from './jobs-harness.ts'

const jobs = useJobs({ leaseSeconds: 30 })

describe('checkpoints', () => {
  test('the newest two are kept and a claim gets the newest of which every byte is there', async () => {
    const { running, store, handOut, service, context, query } = jobs()
    const { id, workerId } = await running()
    const ref = { jobId: id, attempt: 1 }
    const saved = []
    for (const step of [1, 2, 3]) {
      const files = [await store('shared.bin', 'same'), await store('weights.bin', `weights ${step}`)]
      const checkpoint = { stage: 'student', step, metricSeq: step, files }
      await service.saveCheckpoint(ref, checkpoint)
      await service.saveCheckpoint(ref, checkpoint)
      saved.push(checkpoint)
    }
    expect(await query('SELECT step::int FROM checkpoint ORDER BY id')).toEqual([{ step: 2 }, { step: 3 }])
    const { items } = await service.listEvents(id, { after: 3, limit: 10 })
    expect(items.map((event) => event.data)).toMatchObject([{ step: 1 }, { step: 2 }, { step: 3 }])
    await service.finish(ref, { outcome: 'failed', code: 'trainer.crashed', message: 'it broke' })
    await handOut()
    expect(await service.claim(id, { workerId, attempt: 2 })).toMatchObject({
      checkpoint: saved[2],
      fallback: saved[1],
    })
    await context.artifacts.delete(saved[2]?.files[1]?.sha256 ?? '')
    expect((await service.claim(id, { workerId, attempt: 2 })).checkpoint).toEqual(saved[1])
  })

  test('a succeeded job keeps no checkpoints', async () => {
    const { running, store, exportModel, service, query } = jobs()
    const { id } = await running()
    const ref = { jobId: id, attempt: 1 }
    await service.saveCheckpoint(ref, { stage: 's', step: 1, metricSeq: 0, files: [await store('w', 'w')] })
    await exportModel(ref)
    await service.finish(ref, { outcome: 'succeeded', metrics: {}, metricSeq: 0 })
    expect(await query('SELECT 1 FROM checkpoint')).toEqual([])
  })
})

describe('artifacts and models', () => {
  test('artifacts are found by path, and only by a path', async () => {
    const { running, exportModel, service } = jobs()
    const { id } = await running()
    await exportModel({ jobId: id, attempt: 1 })
    expect(await service.listArtifacts(id)).toMatchObject([{ path: 'export/tfjs-layers/model.json', kind: 'export' }])
    expect(await service.getArtifact(id, 'export/tfjs-layers/model.json')).toMatchObject({ attempt: 1 })
    for (const path of ['export', '../export/tfjs-layers/model.json', '', 'a\u0000b'])
      await expect(service.getArtifact(id, path)).rejects.toMatchObject({ code: 'artifact.not_found' })
  })

  test('announcing artifacts again changes nothing, another content under the same path replaces it', async () => {
    const { running, store, service } = jobs()
    const { id } = await running()
    const ref = { jobId: id, attempt: 1 }
    const first = await store('report/a.txt', 'first')
    const second = await store('report/a.txt', 'second')
    await service.saveArtifacts(ref, { kind: 'report', files: [first] })
    await service.saveArtifacts(ref, { kind: 'report', files: [first] })
    await service.saveArtifacts(ref, { kind: 'report', files: [second] })
    expect(await service.listArtifacts(id)).toMatchObject([{ path: 'report/a.txt', sha256: second.sha256 }])
    const { items } = await service.listEvents(id, { after: 3, limit: 10 })
    expect(items.map((event) => event.data)).toMatchObject([{ sha256: first.sha256 }, { sha256: second.sha256 }])
  })

  test('a teacher is kept under its key until its bytes are gone', async () => {
    const { store, service, context } = jobs()
    const key = 'e'.repeat(64)
    await expect(service.getTeacher(key)).rejects.toMatchObject({ code: 'model.not_found' })
    const teacher = { key, files: [await store('model.json', '{}')], metrics: { accuracy: 0.99 } }
    await service.saveTeacher(teacher)
    await service.saveTeacher(teacher)
    expect(await service.getTeacher(key)).toEqual(teacher)
    await context.artifacts.delete(teacher.files[0]?.sha256 ?? '')
    await expect(service.getTeacher(key)).rejects.toMatchObject({ code: 'model.not_found' })
  })

  test('an uploaded model is kept once under its id', async () => {
    const { store, service } = jobs()
    const files = [await store('model.json', '{}')]
    const model = {
      id: 'd'.repeat(64),
      format: 'tfjs-layers' as const,
      inputShape: [8, 8, 1],
      outputShape: [10],
      params: 5_000_000_000,
      size: 2,
    }
    const saved = await service.saveModel(model, files)
    expect(saved).toMatchObject(model)
    expect(await service.saveModel(model, files)).toEqual(saved)
    expect(await service.getModelFiles(model.id)).toEqual({ format: 'tfjs-layers', files })
    await expect(service.getModel('x')).rejects.toMatchObject({ code: 'model.not_found' })
  })
})
