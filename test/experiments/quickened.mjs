// A job cut to a few steps, to see that an experiment works. Its numbers mean nothing.

const STEPS = 8

/** @param {any} train @returns {object} */
const few = ({ epochs: _, ...train }) => ({ ...train, steps: STEPS })

/** A teacher of which copies are kept has all its epochs: they would be missing. @param {any} teacher */
const quickTeacher = (teacher) =>
  teacher.train && !teacher.snapshots ? { ...teacher, train: few(teacher.train) } : teacher

/** MNIST takes longer to be read and evaluated on than those steps take. @param {any} data */
const lessData = (data) =>
  data?.name === 'mnist' ? { ...data, params: { ...data.params, train: 2000, test: 500 } } : data

/** @param {any} spec @returns {object} */
export function quickened({ data, teacher, teachers, train, ...spec }) {
  return {
    ...spec,
    data: lessData(data),
    ...(teacher ? { teacher: quickTeacher(teacher) } : {}),
    ...(teachers ? { teachers: teachers.map(quickTeacher) } : {}),
    train: few(train),
  }
}
