// The version of what determines a training's numbers. Part of every checkpoint and of every trained teacher's key, so
// that another engine neither resumes nor reuses what this one made.

/** Raised with every change after which equal specs give other weights. */
export const ENGINE_VERSION = '0.2.0'
