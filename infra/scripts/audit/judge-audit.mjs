// Which of the advisories in a report of `npm audit` stop a change: those that are grave and that nobody has accepted.

const GRAVE = ['high', 'critical']

/**
 * @param report of `npm audit --json`, version 2
 * @param accepted entries {id, why, until}: a reason, and a day after which it has to be looked at again
 * @param now
 * @returns advisories by what becomes of them, and entries of the list that have no use
 */
export function judgeAudit(report, accepted, now) {
  const advisories = advisoriesOf(report)
  const valid = new Map(accepted.filter((entry) => isSound(entry, now)).map((entry) => [entry.id, entry]))
  const grave = advisories.filter(({ severity }) => GRAVE.includes(severity))
  return {
    packages: report.metadata?.dependencies?.total ?? 0,
    open: grave.filter(({ id }) => !valid.has(id)),
    tolerated: grave.filter(({ id }) => valid.has(id)).map((one) => ({ ...one, ...valid.get(one.id) })),
    minor: advisories.filter(({ severity }) => !GRAVE.includes(severity)),
    stale: accepted.flatMap((entry) => {
      const reason = faultOf(entry, now) ?? (grave.some(({ id }) => id === entry.id) ? null : 'is not found any more')
      return reason === null ? [] : [{ id: entry.id, reason }]
    }),
  }
}

/** Each once, though many packages may suffer from it. */
function advisoriesOf({ vulnerabilities }) {
  const found = Object.values(vulnerabilities)
    .flatMap(({ via }) => via)
    .filter((one) => typeof one === 'object')
    .map(({ name, severity, title, url }) => ({ id: url.split('/').at(-1), name, severity, title, url }))
  return [...new Map(found.map((one) => [one.id, one])).values()].sort((a, b) => (a.id < b.id ? -1 : 1))
}

function isSound(entry, now) {
  return faultOf(entry, now) === null
}

function faultOf({ id, why, until }, now) {
  if (typeof id !== 'string' || typeof why !== 'string' || why.length < 20) return 'does not say why it is accepted'
  if (!/^\d{4}-\d{2}-\d{2}$/.test(until ?? '')) return 'does not say until when it is accepted'
  return new Date(`${until}T23:59:59Z`) < now ? `was accepted until ${until}` : null
}
