// The version of this code, part of what determines a checkpoint and a trained teacher.

export const STILLHOUSE_VERSION = '0.1.0'
