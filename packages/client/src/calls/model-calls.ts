// Calls about models that may serve as teachers.
import type { Client } from '../client.ts'
import { answer, signalOf, teamOf, type Wire } from '../wire.ts'

type ModelCalls = Pick<
  Client,
  'uploadModel' | 'getModel' | 'getModelFiles' | 'getJobModel' | 'getTeacher' | 'saveTeacher'
>

export function modelCalls({ api }: Wire): ModelCalls {
  const one = (id: string) => ({ params: { path: { id } } })
  return {
    uploadModel: ({ json, weights }, options) => {
      const form = new FormData()
      form.append('model.json', new Blob([json], { type: 'application/json' }), 'model.json')
      form.append('model.weights.bin', new Blob([weights], { type: 'application/octet-stream' }), 'model.weights.bin')
      const params = { query: teamOf(options) }
      const init = { params, body: form as never, bodySerializer: (body: unknown) => body as FormData }
      return answer(api.POST('/v1/models', { ...init, ...signalOf(options) }))
    },
    getModel: (id, options) => answer(api.GET('/v1/models/{id}', { ...one(id), ...signalOf(options) })),
    getModelFiles: (id, options) => answer(api.GET('/v1/models/{id}/files', { ...one(id), ...signalOf(options) })),
    getJobModel: (id, options) => answer(api.GET('/v1/jobs/{id}/model', { ...one(id), ...signalOf(options) })),
    getTeacher: (key, options) =>
      answer(api.GET('/v1/teachers/{key}', { params: { path: { key } }, ...signalOf(options) })),
    saveTeacher: async (teacher, options) => {
      await api.PUT('/v1/teachers/{key}', {
        params: { path: { key: teacher.key } },
        body: teacher,
        ...signalOf(options),
      })
    },
  }
}
