/**
 * The interface of object agents: Swift's internal protocol as function calls. Within one process they are called directly;
 * between processes they are sent over HTTP as `METHOD /kind/device/partition/account/container/object` (shared/ring/wire.ts).
 */
import type { Bytes } from '#shared/http/bytes.ts';

export type Headers = Readonly<Record<string, string>>;

export type Kind = 'account' | 'container' | 'object';

export interface AgentCall {
  readonly kind: Kind;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'REPLICATE';
  readonly device: string;
  readonly partition: number;
  /** Account, container, object: one to three of them, by `kind`. */
  readonly path: readonly string[];
  /** Names in lower case; values with one character per byte. */
  readonly headers: Headers;
  readonly query?: Headers;
  readonly body?: Buffer;
}

export interface AgentAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body?: Buffer | Bytes;
}

/** A part of an uploaded object: `blockBytes`, less for the last one. */
export interface Block {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  readonly crc: number;
}

export const blockBytes = 1024 * 1024;

/** An object that is being written. It is invisible until `commit` has answered. */
export interface Upload {
  write(block: Block): Promise<void>;
  /** `footer`: `etag` and other headers that are known only at the end. */
  commit(footer: Headers): Promise<AgentAnswer>;
  abort(): Promise<void>;
}

export interface ObjectAgent {
  ask(call: AgentCall): Promise<AgentAnswer>;
  /** PUT of an object: returns the upload, or the agent's refusal before any byte is sent. */
  upload(call: AgentCall): Promise<Upload | AgentAnswer>;
}

export const isAnswer = (outcome: Upload | AgentAnswer): outcome is AgentAnswer => 'status' in outcome;
