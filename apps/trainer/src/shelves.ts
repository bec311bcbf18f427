// The shelves of this build, as the engine takes them.
import { dataFormats } from '@stillhouse/data'
import type { Shelves } from '@stillhouse/engine'
import { exporters } from '@stillhouse/export'
import { methods } from '@stillhouse/methods'
import { models } from '@stillhouse/models'

export const shelves: Shelves = { methods, models, data: dataFormats, exports: exporters }
