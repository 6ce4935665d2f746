/** The clock that all processes of one machine share: milliseconds, never set. */
export const monotonicMs = (): number => Number(process.hrtime.bigint()) / 1e6;
