#!/usr/bin/env node
// Asks the registry whether anything that is installed outside of development has a known flaw. Fails on those of high or
// critical severity that nobody has accepted, and says so when the registry does not answer: then nothing was checked.
//   --unanswered-ok   exit with 0 rather than 2 when the registry does not answer (for machines without one)
// Built-ins only.
import { spawnSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import path from 'node:path'
import { fileURLToPath } from 'node:url'
import { judgeAudit } from './audit/judge-audit.mjs'

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..')
const ACCEPTED = path.join(root, 'infra/scripts/audit/accepted-advisories.json')
const [FINE, OPEN, UNANSWERED] = [0, 1, 2]

/** What npm says, or why it says nothing. */
function ask() {
  const { stdout, error } = spawnSync('npm', ['audit', '--omit=dev', '--json'], {
    cwd: root,
    encoding: 'utf8',
    timeout: 120_000,
    maxBuffer: 2 ** 26,
  })
  if (error) return { problem: error.message }
  try {
    const report = JSON.parse(stdout)
    return report.auditReportVersion === undefined ? { problem: report.message ?? 'no report' } : { report }
  } catch {
    return { problem: `npm answered ${JSON.stringify(stdout.slice(0, 200))}` }
  }
}

function line({ id, name, severity, title, url }) {
  return `  ${severity.padEnd(8)} ${name}: ${title} (${id}) ${url}`
}

function main(args) {
  const unknown = args.filter((arg) => arg !== '--unanswered-ok')
  if (unknown.length > 0) throw new Error(`unknown argument ${unknown[0]}; usage: audit.mjs [--unanswered-ok]`)
  const accepted = JSON.parse(readFileSync(ACCEPTED, 'utf8'))
  const { report, problem } = ask()
  if (report === undefined) {
    console.error(`NOT CHECKED: the registry did not answer the audit (${problem}). Run it where it does.`)
    return args.includes('--unanswered-ok') ? FINE : UNANSWERED
  }
  const { packages, open, tolerated, minor, stale } = judgeAudit(report, accepted, new Date())
  console.log(
    `${packages} packages asked about: ${open.length} open, ${tolerated.length} accepted, ${minor.length} below high`,
  )
  for (const one of tolerated) console.log(`${line(one)}\n           accepted until ${one.until}: ${one.why}`)
  for (const one of minor) console.log(line(one))
  for (const { id, reason } of stale) console.error(`${path.relative(root, ACCEPTED)}: ${id} ${reason}; remove it`)
  if (open.length > 0)
    console.error(
      `\nOpen:\n${open.map(line).join('\n')}\nUpdate, or accept with a reason and a date in ${path.relative(root, ACCEPTED)}.`,
    )
  return open.length > 0 || stale.length > 0 ? OPEN : FINE
}

process.exitCode = main(process.argv.slice(2))
