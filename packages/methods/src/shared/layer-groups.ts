// Groups of a teacher's layers, each for one layer of the student: how a job names them, what stands where it does not, and
// what can be wrong with them at submit.
import type { Architecture, MethodJob, ParamFault } from '@stillhouse/engine'
import { type Static, Type } from 'typebox'
import { type Adapter, adapterBetween, type Shape, showShape } from './adapter.ts'
import { equalLayers, layersOfArchitecture, type NamedLayer } from './equal-layers.ts'
import { stageTaps } from './stage-taps.ts'
import { pairFaults, tapOf } from './tap-pairs.ts'

const tapName = (description: string) => Type.String({ minLength: 1, maxLength: 200, description })

const layerGroup = Type.Object(
  {
    student: tapName('tap or layer of the student, where a group of its layers ends'),
    teacher: Type.Array(tapName('tap or layer of the teacher'), {
      minItems: 1,
      maxItems: 32,
      description: 'layers of the teacher, all of one shape',
    }),
  },
  { additionalProperties: false },
)
type LayerGroup = Static<typeof layerGroup>

/** A parameter of up to eight groups, by default those of `layerGroups`. */
export const layerGroupsParameter = Type.Array(layerGroup, {
  maxItems: 8,
  default: [],
  description:
    'layers of the teacher for each layer of the student; none means the stages of the student, each with the activations of the teacher that have the shape of its stage of that name',
})

interface GroupedTeacher {
  readonly layers: readonly NamedLayer[]
  readonly taps: Readonly<Record<string, string>>
}

/** The groups of the job, or one for each stage that both networks have. */
export function layerGroups(
  given: readonly LayerGroup[],
  student: Pick<Architecture, 'taps'>,
  { layers, taps }: GroupedTeacher,
): readonly LayerGroup[] {
  if (given.length > 0) return given
  return stageTaps(student.taps)
    .filter((tap) => tap in taps)
    .map((tap) => ({ student: tap, teacher: equalLayers(layers, taps[tap] ?? tap) }))
}

/** What leads from one side to the other: always with weights, so that neither side has to be like the other. */
export const groupConnector = (from: Shape, to: Shape): Adapter => adapterBetween({ from, to, projection: 'always' })

/** A teacher that is known when it is loaded is left to the run. */
export function layerGroupFaults(given: readonly LayerGroup[], job: MethodJob): ParamFault[] {
  const { student, teachers } = job
  const [teacher] = teachers
  if (!teacher) return []
  const { taps } = teacher
  const groups = layerGroups(given, student, { layers: layersOfArchitecture(teacher), taps })
  if (groups.every((group) => group.teacher.length < 2)) return [nothingToMix(groups, teacher)]
  return groups.flatMap((group, i) =>
    groupFaults(group, { student, teacher, path: given.length > 0 ? `/groups/${i}` : '/groups' }),
  )
}

function nothingToMix(groups: readonly LayerGroup[], { taps }: Architecture): ParamFault {
  return {
    path: '/groups',
    message: 'no group has more than one layer of the teacher, so there is nothing to search for',
    expected: `two layers of one shape in a group; the stages of this teacher: ${stageTaps(taps).join(', ')}`,
    received: JSON.stringify(groups),
  }
}

interface Place {
  readonly student: Architecture
  readonly teacher: Architecture
  readonly path: string
}

function groupFaults(group: LayerGroup, { student, teacher, path }: Place): ParamFault[] {
  const own = tapOf(student, { tap: group.student, whose: 'the student', path: `${path}/student` })
  const others = group.teacher.map((tap, j) =>
    tapOf(teacher, { tap, whose: 'the teacher', path: `${path}/teacher/${j}` }),
  )
  const missing = [own, ...others].flatMap((one) => (one.ok ? [] : [one.fault]))
  if (missing.length > 0 || !own.ok) return missing
  const shapes = others.flatMap((one) => (one.ok ? [one.shape] : []))
  const [shape = []] = shapes
  if (new Set(shapes.map(showShape)).size > 1) {
    const received = shapes.map(showShape).join(', ')
    const message = 'layers of unequal shape cannot be mixed'
    return [{ path: `${path}/teacher`, message, expected: `${showShape(shape)} for all`, received }]
  }
  return [groupConnector(own.shape, shape), groupConnector(shape, own.shape)].flatMap((one) => pairFaults(one, path))
}
