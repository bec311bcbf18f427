// Calls of administrators: teams, API keys, the record of who changed what, and what the service mended.
import type { Client } from '../client.ts'
import { answer, signalOf, type Wire } from '../wire.ts'

type AccessCalls = Pick<
  Client,
  | 'getMe'
  | 'createTeam'
  | 'listTeams'
  | 'getTeam'
  | 'updateTeam'
  | 'createKey'
  | 'listKeys'
  | 'rotateKey'
  | 'revokeKey'
  | 'listAudit'
  | 'listMends'
  | 'reconcile'
>

export function accessCalls({ api }: Wire): AccessCalls {
  const named = (name: string) => ({ params: { path: { name } } })
  return {
    getMe: (options) => answer(api.GET('/v1/me', signalOf(options))),
    createTeam: (team, options) => answer(api.POST('/v1/teams', { body: team, ...signalOf(options) })),
    listTeams: async (options) => (await answer(api.GET('/v1/teams', signalOf(options)))).items,
    getTeam: (name, options) => answer(api.GET('/v1/teams/{name}', { ...named(name), ...signalOf(options) })),
    updateTeam: (name, change, options) =>
      answer(api.PATCH('/v1/teams/{name}', { ...named(name), body: change, ...signalOf(options) })),
    createKey: (key, options) => answer(api.POST('/v1/keys', { body: key, ...signalOf(options) })),
    listKeys: (query = {}, options) => answer(api.GET('/v1/keys', { params: { query }, ...signalOf(options) })),
    rotateKey: (id, query = {}, options) =>
      answer(api.POST('/v1/keys/{id}/rotate', { params: { path: { id }, query }, ...signalOf(options) })),
    revokeKey: async (id, options) => {
      await api.DELETE('/v1/keys/{id}', { params: { path: { id } }, ...signalOf(options) })
    },
    listAudit: (query = {}, options) => answer(api.GET('/v1/audit', { params: { query }, ...signalOf(options) })),
    listMends: (query = {}, options) => answer(api.GET('/v1/mends', { params: { query }, ...signalOf(options) })),
    reconcile: (query = {}, options) => answer(api.POST('/v1/reconcile', { params: { query }, ...signalOf(options) })),
  }
}
