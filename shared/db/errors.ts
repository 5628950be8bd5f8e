/** Classifies the errors of both databases. */
interface DriverError {
  /** mysql2's number, and sqlite's extended code. */
  readonly errno?: number;
  readonly errcode?: number;
  readonly code?: string;
}

const of = (error: unknown): DriverError => (error !== null && typeof error === 'object' ? error : {});

const lostCodes = new Set([
  'PROTOCOL_CONNECTION_LOST',
  'ECONNRESET',
  'ECONNREFUSED',
  'EPIPE',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENOTFOUND',
  'EAI_AGAIN',
  'NO_WRITER',
]);
/** Too many connections, no quorum, shutdown, killed, read-only (a former writer). */
const lostNumbers = new Set([1040, 1047, 1053, 1077, 1290, 1836, 1927, 4031]);
/** Deadlock, lock wait timeout, record changed since last read. */
const busyNumbers = new Set([1205, 1213, 1020]);

/** sqlite is locked by another process; the statement had no effect. */
export const isBusy = (error: unknown): boolean => (of(error).errcode ?? 0) % 256 === 5;

/** SQLITE_FULL, no space for sqlite's shared memory, MySQL's full disk or table, or ENOSPC of the file system. */
export const isDiskFull = (error: unknown): boolean => {
  const { errcode = 0, errno = 0, code = '' } = of(error);
  return errcode % 256 === 13 || errcode === 4874 || errno === 1021 || errno === 1114 || fullCodes.has(code);
};
const fullCodes = new Set(['ENOSPC', 'EDQUOT']);

/** The server rolled back the statement or the transaction because of a lock. */
export const isDeadlock = (error: unknown): boolean => busyNumbers.has(of(error).errno ?? 0);

/** The connection is lost or refused. The last statement may have had an effect. */
export function isLost(error: unknown): boolean {
  const { code = '', errno = 0 } = of(error);
  if (lostCodes.has(code) || lostNumbers.has(errno)) return true;
  // mysql2 says this, without a code, of a connection that ended between two statements
  return error instanceof Error && /closed state|Connection lost/i.test(error.message);
}

/** The statement names a table that does not exist. */
export const isMissingTable = (error: unknown): boolean =>
  of(error).errno === 1146 || (error instanceof Error && error.message.includes('no such table'));

/** A row with this primary or unique key exists. */
export const isDuplicate = (error: unknown): boolean =>
  of(error).errno === 1062 || of(error).errcode === 1555 || of(error).errcode === 2067;

/** Throws `duplicate()` when the write violates a key: a check before the write does not exclude a concurrent insert. */
export const onDuplicate = <T>(write: PromiseLike<T>, duplicate: () => Error): Promise<T> =>
  Promise.resolve(write).catch((error: unknown) => {
    throw isDuplicate(error) ? duplicate() : error;
  });
