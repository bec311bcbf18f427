// Weighted soft labels: whether the weighting helps with a teacher that learnt from wrong labels.
import { accuracy } from '../measures.mjs'
import { evaluate, mlpTeacher, training } from '../settings.mjs'

/** @param {'wsl' | 'uniform'} weighting */
const wsl = (weighting) => ({ name: 'wsl', params: { temperature: 4, alpha: 2.25, weighting } })

/** @param {number} seed @param {{samples: number, weighting: 'wsl' | 'uniform', noise: boolean}} arm */
function job(seed, { samples, weighting, noise }) {
  const teacher = mlpTeacher(seed, [128])
  return {
    name: 'wsl',
    data: { name: 'optdigits', limit: samples, seed },
    teacher: noise ? { ...teacher, data: { ...teacher.data, labelNoise: 0.3 } } : teacher,
    student: { model: 'mlp', params: { hidden: [24] } },
    method: wsl(weighting),
    train: training({ steps: 1200, batchSize: 50, learningRate: 0.005, seed }),
    evaluate,
  }
}

/** @param {string} name @param {string} title @param {Parameters<typeof job>[1]} given */
const arm = (name, title, given) => ({ name, title, spec: (/** @type {number} */ seed) => job(seed, given) })

const noise = { noise: true }
const clean = { noise: false }

export const experiment = {
  idea: 'Soft labels lower variance and raise bias, and the balance differs from sample to sample. Each sample counts for as much of the teacher as the student is still worse than it on the true label. Where the teacher is wrong, the label prevails.',
  question:
    'Does the weighting help against the same loss with every weight 1, when the teacher learnt from wrong labels?',
  setting:
    'optdigits; teacher MLP 128 trained on the 1,000 training samples, 30 % of whose labels are another class; student MLP with 24 hidden units, clean labels; 1,200 updates of 50 samples, Adam at 0.005, cosine schedule; T = 4, alpha 2.25.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [
    arm('uniform-150', 'every weight 1, 150 samples', { samples: 150, weighting: 'uniform', ...noise }),
    arm('wsl-150', 'wsl, 150 samples', { samples: 150, weighting: 'wsl', ...noise }),
    arm('uniform-1000', 'every weight 1, 1,000 samples', { samples: 1000, weighting: 'uniform', ...noise }),
    arm('wsl-1000', 'wsl, 1,000 samples', { samples: 1000, weighting: 'wsl', ...noise }),
    arm('uniform-clean', 'every weight 1, 200 samples, clean teacher', {
      samples: 200,
      weighting: 'uniform',
      ...clean,
    }),
    arm('wsl-clean', 'wsl, 200 samples, clean teacher', { samples: 200, weighting: 'wsl', ...clean }),
  ],
  metrics: [accuracy],
  mustShow: [
    {
      claim: 'WSL must beat the same loss with w = 1, every seed, at 150 samples.',
      metric: 'accuracy',
      of: 'wsl-150',
      against: 'uniform-150',
      rule: 'every-seed',
    },
    {
      claim: 'WSL must beat the same loss with w = 1, every seed, at 1,000 samples.',
      metric: 'accuracy',
      of: 'wsl-1000',
      against: 'uniform-1000',
      rule: 'every-seed',
    },
    {
      claim: 'With a clean teacher: report only.',
      metric: 'accuracy',
      of: 'wsl-clean',
      against: 'uniform-clean',
      rule: 'report',
    },
  ],
  common: (/** @type {any} */ job) => ({ ...job, method: wsl('wsl') }),
  remarks:
    "With 150 samples it is a tie. The student fits so few labels early: its own loss falls below the teacher's, and with it the weights (`diagnostic: true` logs them), so that less of the teacher holds it back than with every weight 1. With 1,000 samples the weights fall less.",
}
