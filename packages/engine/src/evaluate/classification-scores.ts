// What logits are worth against labels: accuracy, NLL, calibration, confusion. In double precision, once per evaluation.

const BINS = 15
const TOP = 5

export interface ClassificationScores {
  /** Share of samples whose largest logit is that of their class, 0..1. */
  readonly accuracy: number
  /** Share of samples whose class is among the five largest logits, 0..1; 1 with five classes or fewer. */
  readonly top5: number
  /** Mean −log p of the true class, nats. */
  readonly nll: number
  /** Expected calibration error, 15 equal-width bins over the confidence (Guo et al. 2017), 0..1. */
  readonly ece: number
  /** Predicted class by sample; the first of equal logits. */
  readonly predictions: Int32Array
  /** Rows: true class; columns: predicted class. */
  readonly confusion: number[][]
}

/** @param logits [N, K], row by row @param labels [N] */
export function classificationScores(logits: Float32Array, labels: Int32Array, classes: number): ClassificationScores {
  const predictions = new Int32Array(labels.length)
  const confusion = Array.from({ length: classes }, () => new Array<number>(classes).fill(0))
  const bins = Array.from({ length: BINS }, () => ({ confidence: 0, correct: 0 }))
  let correct = 0
  let among = 0
  let nll = 0
  labels.forEach((label, i) => {
    const row = scoreRow(logits.subarray(i * classes, (i + 1) * classes), label)
    predictions[i] = row.predicted
    nll += row.nll
    const hit = row.predicted === label ? 1 : 0
    correct += hit
    if (row.rank < TOP) among += 1
    const counts = confusion[label] as number[]
    counts[row.predicted] = (counts[row.predicted] ?? 0) + 1
    // Logits that are not numbers have no bin; the sums then say so.
    const bin = bins[Math.min(BINS - 1, Math.floor(row.confidence * BINS)) || 0] as (typeof bins)[number]
    bin.confidence += row.confidence
    bin.correct += hit
  })
  const n = labels.length
  const ece = bins.reduce((sum, bin) => sum + Math.abs(bin.confidence - bin.correct), 0) / n
  return { accuracy: correct / n, top5: among / n, nll: nll / n, ece, predictions, confusion }
}

interface RowScore {
  readonly predicted: number
  /** Logits that are larger than the true class's; equal ones count for it. */
  readonly rank: number
  readonly nll: number
  readonly confidence: number
}

function scoreRow(row: Float32Array, label: number): RowScore {
  let predicted = 0
  for (let k = 1; k < row.length; k++) if ((row[k] as number) > (row[predicted] as number)) predicted = k
  const largest = row[predicted] as number
  let sum = 0
  for (let k = 0; k < row.length; k++) sum += Math.exp((row[k] as number) - largest)
  const own = row[label] as number
  const rank = row.reduce((larger, value) => larger + (value > own ? 1 : 0), 0)
  return { predicted, rank, nll: Math.log(sum) + largest - own, confidence: 1 / sum }
}

/** Share of samples on which two sets of predictions agree, 0..1. */
export function agreement(a: Int32Array, b: Int32Array): number {
  return a.reduce((same, prediction, i) => same + (prediction === b[i] ? 1 : 0), 0) / a.length
}
