// Definitions: one file per method below methods/, named after it.
import { existsSync, readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { CHOSEN } from './tuning.mjs'

const FOLDER = join(dirname(fileURLToPath(import.meta.url)), 'methods')

/**
 * @typedef {{name: string, title: string, spec: (seed: number) => object,
 *   tamper?: import('./method-insides.mjs').Tamper}} Arm `spec` gives a job, as a user would write it; data.seed and
 *   train.seed are the seed; `tamper`: a fault that is planted in what the method sees
 * @typedef {{
 *   idea: string, question: string, setting: string, tuned: string, seeds: number,
 *   arms: readonly Arm[], metrics: readonly import('./measures.mjs').Metric[],
 *   mustShow: readonly import('./compare.mjs').Comparison[], tuning?: import('./tuning.mjs').Tuning,
 *   watch?: import('./watch.mjs').Watch, common?: (job: any) => object, commonNote?: string, commonDiffers?: Readonly<Record<string, string>>,
 *   remarks?: string,
 * }} Definition `tuned`: "not tuned", or what was chosen by `tuning`; `watch` looks at networks while they train; `common`
 *   the job of the common setting with the method in it; `remarks` what is known about why a claim was not held
 */

/** @param {string} slug */
export const definitionFile = (slug) => join(FOLDER, `${slug}.mjs`)

/** All names, in order. */
export function definedMethods() {
  return readdirSync(FOLDER)
    .map((file) => file.replace(/\.mjs$/, ''))
    .sort()
}

/** @param {string} slug @returns {Promise<Definition>} */
export async function loadDefinition(slug) {
  const file = definitionFile(slug)
  if (!existsSync(file))
    throw new Error(`There is no experiment "${slug}". Expected one of ${definedMethods().join(', ')}.`)
  const { experiment: definition } = await import(pathToFileURL(file).href)
  const faults = definitionFaults(definition)
  if (faults.length > 0) throw new Error(`The experiment "${slug}" cannot be run. ${faults.join(' ')}`)
  return definition
}

/** What a definition names and does not have. @param {Definition} definition @returns {string[]} */
export function definitionFaults({ arms, metrics, mustShow, tuning }) {
  const names = arms.map(({ name }) => name)
  const claims = mustShow.flatMap(({ claim, metric: named, of, against, rule, margin }) => {
    const metric = metrics.find(({ name }) => name === named)
    const sides = typeof against === 'string' ? [of, against] : [of]
    const unknown = sides.filter((arm) => !(metric?.arms ?? names).includes(arm) || !names.includes(arm))
    return [
      ...(metric ? [] : [`"${claim}" names the metric "${named}", which there is not.`]),
      ...unknown.map((arm) => `"${claim}" names the arm "${arm}", in which its metric is not taken.`),
      ...(rule === 'non-inferior' && margin === undefined ? [`"${claim}" needs a margin.`] : []),
    ]
  })
  const candidates = tuning?.candidates.map(({ name }) => name) ?? []
  const unknown = tuning?.chosen.split(CHOSEN).filter((name) => !candidates.includes(name)) ?? []
  return [...claims, ...unknown.map((name) => `"${name}" is none of the candidates.`)]
}
