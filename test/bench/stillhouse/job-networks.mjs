// Writes the descriptions of part 3's networks for the peers. Usage: job-networks.mjs <file>
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { answer } from './answer.mjs'
import { architectureOf } from './engine.mjs'

const file = process.argv[2] ?? ''
const task = {
  inputShape: [28, 28, 1],
  classes: 10,
  teacher: { model: 'resnet', params: { depth: 20 } },
  student: { model: 'resnet', params: { depth: 8 } },
}
mkdirSync(dirname(file), { recursive: true })
writeFileSync(
  file,
  JSON.stringify({ teacher: architectureOf(task, 'teacher'), student: architectureOf(task, 'student') }),
)
answer({ done: true })
