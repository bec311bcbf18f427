export * from './create-queue-consumer.ts'
export * from './create-queue-producer.ts'
export * from './job-queue.ts'
