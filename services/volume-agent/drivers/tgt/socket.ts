/**
 * A client of tgtd's management socket. tgtadm takes a CHAP password only as an argument, which every user of the host
 * can read. One request per connection: a fixed header of little-endian integers, then `key=value`
 * text that ends with a zero byte.
 */
import { open } from 'node:fs/promises';
import { connect } from 'node:net';
import { Fault } from '#shared/errors/fault.ts';

const modes = { system: 0, target: 1, device: 2, portal: 3, connection: 6, account: 7 } as const;
const operations = { new: 0, delete: 1, show: 2, bind: 3, unbind: 4, update: 5 } as const;

export interface Request {
  readonly mode: keyof typeof modes;
  readonly op: keyof typeof operations;
  readonly tid?: number;
  readonly lun?: number;
  /** The number of a session, and of a connection within it. */
  readonly sid?: number;
  readonly cid?: number;
  readonly force?: boolean;
  /** Parameters, sent as `key=value,key=value`; the format has no quoting. */
  readonly params?: Readonly<Record<string, string | number>>;
}

/** tgtd refused the request; the codes are those of its tgtadm_error.h. */
export class TgtRefused extends Error {
  readonly code: number;
  constructor({ mode, op, tid }: Request, code: number) {
    super(`tgtd refused ${op} ${mode} ${tid ?? ''}: error ${code}`);
    this.code = code;
  }
}

export const refusal = {
  noTarget: 4,
  targetExists: 9,
  lunExists: 10,
  aclExists: 12,
  noAcl: 13,
  userExists: 14,
  noUser: 15,
} as const;

const headerBytes = 120;

/** Excludes commas, blanks, line breaks and zero bytes, so that a value cannot inject parameters. */
const value = /^[\w.:/-]{1,255}$/;

/** Refuses values that are not well formed, independently of earlier validation. */
function textOf(params: NonNullable<Request['params']>): string {
  const pairs = Object.entries(params);
  const invalid = pairs.find(([, each]) => !value.test(String(each)));
  if (invalid) throw new Fault(400, 'badRequest', `the ${invalid[0]} for tgtd is not well formed`);
  return pairs.map(([key, each]) => `${key}=${each}`).join(',');
}

/** Throws a Fault for a parameter that is not well formed. */
export function encode(request: Request): Buffer {
  const text = request.params === undefined ? Buffer.alloc(0) : Buffer.from(`${textOf(request.params)}\0`);
  const header = Buffer.alloc(headerBytes);
  header.writeInt32LE(modes[request.mode], 0);
  header.writeInt32LE(operations[request.op], 4);
  header.write('iscsi', 8);
  header.writeUInt32LE(headerBytes + text.length, 72);
  header.writeInt32LE(request.tid ?? 0, 76);
  header.writeBigUInt64LE(BigInt(request.sid ?? 0), 80);
  header.writeBigUInt64LE(BigInt(request.lun ?? 0), 88);
  header.writeUInt32LE(request.cid ?? 0, 96);
  header.writeUInt32LE(request.force ? 1 : 0, 116);
  return Buffer.concat([header, text]);
}

/** Sends a request to the tgtd whose socket is in `directory`. Rejects when nothing listens there. */
export async function askTgtd(directory: string, request: Request, timeoutMs = 10_000): Promise<string> {
  const folder = await open(directory); // the path of a unix socket has at most 107 bytes, a directory may have more
  try {
    const answer = await exchange(`/proc/self/fd/${folder.fd}/${socketName}`, encode(request), timeoutMs);
    const code = answer.readUInt32LE(0);
    if (code !== 0) throw new TgtRefused(request, code);
    return answer.subarray(8).toString().replace(/\0+$/, '');
  } finally {
    await folder.close();
  }
}

/** The socket name for TGT_IPC_SOCKET=tgtd and control port 0. */
export const socketName = 'tgtd.0';

/** tgtd closes the connection after its response. */
function exchange(path: string, request: Buffer, timeoutMs: number): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const parts: Buffer[] = [];
    const socket = connect(path, () => void socket.write(request));
    socket.setTimeout(timeoutMs, () => socket.destroy(new Error('tgtd did not answer in time')));
    socket.on('data', (part) => void parts.push(part));
    socket.on('error', reject);
    socket.on('close', () => {
      const answer = Buffer.concat(parts);
      if (answer.length < 8) reject(new Error('tgtd closed its socket without an answer'));
      else resolve(answer);
    });
  });
}
