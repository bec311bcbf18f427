// What must be the same on both sides of a comparison: test samples, training samples, first weights of the student, number
// of updates, and the teacher where both have a trained one. Each run says what it had; a comparison of unlike runs is refused, unless its definition names the part and why.

/**
 * @typedef {{
 *   test: string,
 *   training: string,
 *   initialWeights: string,
 *   teacher: string | null,
 *   updates: number,
 *   dataSeed: number,
 *   trainSeed: number,
 * }} Footing `test` and `training` are hashes of the samples and their labels, `initialWeights` and
 *   `teacher` of weights; null without a trained teacher
 */

/** @type {Record<keyof Footing, string>} */
const PARTS = {
  test: 'test samples',
  training: 'training samples',
  initialWeights: 'first weights of the student',
  teacher: 'trained teacher',
  updates: 'number of updates',
  dataSeed: 'seed of the data',
  trainSeed: 'seed of the training',
}
/** Differences that no reason excuses. @type {readonly string[]} */
const NEVER = ['test', 'updates', 'dataSeed', 'trainSeed']

/**
 * @param {string} claim of the comparison
 * @param {readonly [string, Footing]} one arm and what it had
 * @param {readonly [string, Footing]} other
 * @param {Readonly<Record<string, string>>} [differs] parts that are not the same by intent, with the reason
 */
export function requireFairness(claim, [arm, one], [against, other], differs = {}) {
  const wrong = Object.keys(differs).find((part) => !(part in PARTS) || NEVER.includes(part))
  if (wrong !== undefined)
    throw new Error(
      `"${claim}" may not differ in "${wrong}". Expected training, initialWeights or teacher, with a reason.`,
    )
  for (const [part, name] of /** @type {[keyof Footing, string][]} */ (Object.entries(PARTS))) {
    if (part in differs || one[part] === other[part]) continue
    if (part === 'teacher' && (one.teacher === null || other.teacher === null)) continue
    throw new Error(
      `"${claim}" is no fair comparison: the ${name} differ. Expected the same in both arms; received ${one[part]} in ${arm} and ${other[part]} in ${against}. Change the definition so that they agree.`,
    )
  }
}
