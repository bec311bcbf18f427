// The families whose networks can branch. A network with branches is made of another family's, which entries of the shelf
// otherwise do not know of each other.
import type { ModelFamily } from '@stillhouse/engine'
import { cnn } from '../cnn.ts'
import { lenet } from '../lenet.ts'
import { mlp } from '../mlp.ts'
import { mobilenetV2 } from '../mobilenet-v2.ts'
import { resnet } from '../resnet.ts'
import { shufflenetV2 } from '../shufflenet-v2.ts'
import { vgg } from '../vgg.ts'
import { wrn } from '../wrn.ts'
import type { Widenable } from './widenable.ts'

export const BRANCHABLE_FAMILIES: readonly (ModelFamily & Widenable)[] = [
  cnn,
  lenet,
  mlp,
  mobilenetV2,
  resnet,
  shufflenetV2,
  vgg,
  wrn,
]
