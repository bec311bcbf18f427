import { spawnSync } from 'node:child_process'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { judgeAudit } from './judge-audit.mjs'

const advisory = (id, severity, name = 'left') => ({
  source: 1,
  name,
  dependency: name,
  title: `a flaw in ${name}`,
  url: `https://github.com/advisories/${id}`,
  severity,
  range: '<2.0.0',
})

/** As npm writes it: packages that suffer through others name those. */
const reportOf = (...advisories) => ({
  auditReportVersion: 2,
  vulnerabilities: {
    left: { name: 'left', severity: 'high', via: advisories, effects: ['right'], nodes: ['node_modules/left'] },
    right: {
      name: 'right',
      severity: 'high',
      via: ['left', ...advisories],
      effects: [],
      nodes: ['node_modules/right'],
    },
  },
  metadata: { dependencies: { prod: 10, dev: 5, total: 15 } },
})

const NOW = new Date('2026-06-15T12:00:00Z')
const entry = (more = {}) => ({ id: 'GHSA-a', why: 'only reached from the examples', until: '2026-06-15', ...more })
const ids = (list) => list.map(({ id }) => id)

describe('an audit', () => {
  it('stops at grave flaws, each named once, and only tells of others', () => {
    const report = reportOf(advisory('GHSA-b', 'critical'), advisory('GHSA-a', 'high'), advisory('GHSA-c', 'moderate'))
    const judged = judgeAudit(report, [], NOW)
    expect(ids(judged.open)).toEqual(['GHSA-a', 'GHSA-b'])
    expect(ids(judged.minor)).toEqual(['GHSA-c'])
    expect(judged.packages).toBe(15)
  })

  it('lets pass what was accepted, with the reason', () => {
    const judged = judgeAudit(reportOf(advisory('GHSA-a', 'high')), [entry()], NOW)
    expect(judged).toMatchObject({ open: [], stale: [], tolerated: [{ id: 'GHSA-a', why: entry().why }] })
  })

  it.each([
    ['the day after', { until: '2026-06-14' }, /accepted until 2026-06-14/],
    ['without a day', { until: undefined }, /until when/],
    ['without a reason', { why: 'ok' }, /why/],
  ])('does not let it pass %s', (_, more, reason) => {
    const judged = judgeAudit(reportOf(advisory('GHSA-a', 'high')), [entry(more)], NOW)
    expect(ids(judged.open)).toEqual(['GHSA-a'])
    expect(judged.stale).toEqual([{ id: 'GHSA-a', reason: expect.stringMatching(reason) }])
  })

  it('asks to strike out what is not found any more', () => {
    expect(judgeAudit(reportOf(), [entry()], NOW).stale).toEqual([{ id: 'GHSA-a', reason: 'is not found any more' }])
  })
})

describe('the program', () => {
  const program = fileURLToPath(new URL('../audit.mjs', import.meta.url))
  let folder = ''
  beforeAll(() => {
    folder = mkdtempSync(path.join(tmpdir(), 'stillhouse-audit-'))
  })
  afterAll(() => rmSync(folder, { recursive: true }))

  /** Runs it with an npm that answers this. */
  function run(answer, ...args) {
    const npm = path.join(folder, 'npm')
    writeFileSync(npm, `#!/bin/sh\ncat <<'ANSWER'\n${answer}\nANSWER\nexit 1\n`)
    chmodSync(npm, 0o755)
    const env = { ...process.env, PATH: `${folder}:${process.env.PATH}` }
    const { status, stdout, stderr } = spawnSync(process.execPath, [program, ...args], { env, encoding: 'utf8' })
    return { status, text: `${stdout}${stderr}` }
  }

  it('says that nothing was checked when the registry does not answer, and does not count that as fine', () => {
    const refusal = JSON.stringify({ message: '405 Method Not Allowed', statusCode: 405 })
    expect(run(refusal)).toEqual({ status: 2, text: expect.stringMatching(/^NOT CHECKED: .*405 Method Not Allowed/) })
    expect(run(refusal, '--unanswered-ok')).toEqual({ status: 0, text: expect.stringMatching(/^NOT CHECKED/) })
    expect(run('npm error').status).toBe(2)
  })

  it('fails on a flaw and names it, and passes without', () => {
    const { status, text } = run(JSON.stringify(reportOf(advisory('GHSA-a', 'high'))))
    expect(status).toBe(1)
    expect(text).toContain('left: a flaw in left (GHSA-a) https://github.com/advisories/GHSA-a')
    expect(run(JSON.stringify(reportOf(advisory('GHSA-a', 'low')))).status).toBe(0)
  })
})
