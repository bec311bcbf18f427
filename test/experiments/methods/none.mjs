// The control of the common setting: the student without any teacher.

export const experiment = {
  idea: 'No teacher: the student is trained with cross-entropy on the labels alone. Every method of the common setting is measured against it. It has no claim of its own.',
  question: 'How good is the student of the common setting without a teacher?',
  setting: 'The common setting only.',
  tuned: 'not tuned',
  seeds: 5,
  arms: [],
  metrics: [],
  mustShow: [],
  common: (/** @type {any} */ { teacher: _, ...job }) => ({ ...job, method: { name: 'none' } }),
}
