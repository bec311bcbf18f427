// What the runs of all keys come to: cases by operation, by check and by key, and what was found.

/** @typedef {import('./schemathesis.mjs').RoleRun} RoleRun */

/**
 * @typedef {{
 *   seed: number, schemathesis: string, cases: number, checks: Record<string, number>, unused: string[],
 *   roles: Record<string, {cases: number, seconds: number, phases: Record<string, number>}>,
 *   operations: Record<string, {cases: number, statuses: Record<string, number>, allowed: number}>,
 *   findings: (import('./schemathesis.mjs').Finding & {role: string})[], errors: string[],
 * }} Results `checks`: how often each was made; `unused`: those that were never; `allowed`: refusals by a decision of ours
 */

/**
 * @param {readonly RoleRun[]} runs
 * @param {{seed: number, schemathesis: string}} about
 * @returns {Results}
 */
export function resultsOf(runs, about) {
  const operations = sortedKeys(runs.flatMap(({ statuses }) => Object.keys(statuses)))
  const checks = sum(runs.flatMap((run) => Object.values(run.checks)))
  return {
    ...about,
    cases: runs.reduce((total, run) => total + casesOf(run), 0),
    checks,
    unused: sortedKeys(runs.flatMap(({ allChecks }) => allChecks)).filter((name) => checks[name] === undefined),
    roles: Object.fromEntries(
      runs.map((run) => [run.role, { cases: casesOf(run), seconds: Math.round(run.seconds), phases: run.phases }]),
    ),
    operations: Object.fromEntries(operations.map((name) => [name, operationOf(runs, name)])),
    findings: runs.flatMap(({ role, failures }) => failures.map((failure) => ({ role, ...failure }))),
    errors: runs.flatMap(errorsOf),
  }
}

/** @param {RoleRun} run */
function casesOf({ phases }) {
  return Object.values(phases).reduce((total, count) => total + count, 0)
}

/** @param {readonly RoleRun[]} runs @param {string} name */
function operationOf(runs, name) {
  const statuses = sum(runs.map((run) => run.statuses[name] ?? {}))
  const cases = Object.values(statuses).reduce((total, count) => total + count, 0)
  return { cases, statuses, allowed: runs.reduce((total, { allowed }) => total + (allowed[name] ?? 0), 0) }
}

/** A run that did not go well has to say why. @param {RoleRun} run */
function errorsOf({ role, ok, failures, errors, output }) {
  const silent = !ok && failures.length === 0 && errors.length === 0 ? [output.slice(-2000)] : []
  return [...errors, ...silent].map((text) => `${role}: ${text}`)
}

/** @param {readonly Record<string, number>[]} counts */
function sum(counts) {
  const names = sortedKeys(counts.flatMap((count) => Object.keys(count)))
  return Object.fromEntries(names.map((name) => [name, counts.reduce((total, count) => total + (count[name] ?? 0), 0)]))
}

/** @param {readonly string[]} names */
function sortedKeys(names) {
  return [...new Set(names)].sort()
}

/** @param {Results} results @param {number} least cases */
export function isClean({ cases, findings, errors }, least) {
  return findings.length === 0 && errors.length === 0 && cases >= least
}

/** For the terminal. @param {Results} results @param {number} least cases */
export function summaryOf(results, least) {
  const { cases, checks, unused, operations, roles, findings, errors } = results
  const made = Object.values(checks).reduce((total, count) => total + count, 0)
  const lines = Object.entries(roles).map(
    ([role, one]) => `  ${role.padEnd(16)} ${String(one.cases).padStart(6)} cases  ${one.seconds} s`,
  )
  const few = cases < least ? [`Too few cases: expected at least ${least}, sent ${cases}.`] : []
  return [
    ...lines,
    `${cases} cases over ${Object.keys(operations).length} operations with ${Object.keys(roles).length} keys; ${made} checks of ${Object.keys(checks).length} kinds`,
    ...(unused.length > 0 ? [`Never made: ${unused.join(', ')}.`] : []),
    ...findings.map(findingText),
    ...errors,
    ...few,
    `${findings.length} findings, ${errors.length} errors`,
  ].join('\n')
}

/** @param {Results['findings'][number]} finding */
function findingText({ role, operation, check, status, times, message, request, sent, answer }) {
  const texts = { message, request, sent, answer }
  const rest = Object.entries(texts).map(
    ([name, text]) => `    ${name}: ${text.slice(0, 600).replaceAll('\n', '\n      ')}`,
  )
  return [`✗ ${operation} as ${role}: ${check}, status ${status}, ${times} times`, ...rest].join('\n')
}
