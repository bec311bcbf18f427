export * from './artifact-store.ts'
export * from './content-type-of.ts'
export * from './create-artifact-store.ts'
export * from './object-reader.ts'
