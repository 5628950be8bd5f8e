/**
 * What a storage agent can be asked: Swift's inner protocol, as calls. Beside each other in one process they are
 * function calls; split, the same calls travel as `METHOD /kind/device/partition/account/container/object` over HTTP.
 */
import type { Bytes } from '#shared/http/bytes.ts';

export type Headers = Readonly<Record<string, string>>;

export type Kind = 'account' | 'container' | 'object';

export interface AgentCall {
  readonly kind: Kind;
  readonly method: 'GET' | 'HEAD' | 'PUT' | 'POST' | 'DELETE' | 'REPLICATE';
  readonly device: string;
  readonly partition: number;
  /** Account, container, object; as far as the call goes. */
  readonly path: readonly string[];
  /** Names in lower case, values as they came: each byte one character. */
  readonly headers: Headers;
  readonly query?: Headers;
  readonly body?: Buffer;
}

export interface AgentAnswer {
  readonly status: number;
  readonly headers: Headers;
  readonly body?: Buffer | Bytes;
}

/** One piece of an object on its way to disk: always `blockBytes`, but for the last. */
export interface Block {
  readonly chunks: readonly Buffer[];
  readonly bytes: number;
  readonly crc: number;
}

export const blockBytes = 1024 * 1024;

/** An object that is being written. Nothing can be seen of it before `commit` answers. */
export interface Upload {
  write(block: Block): Promise<void>;
  /** `etag`, and what else is known only at the end. */
  commit(footer: Headers): Promise<AgentAnswer>;
  abort(): Promise<void>;
}

export interface ObjectAgent {
  ask(call: AgentCall): Promise<AgentAnswer>;
  /** PUT of an object: a way to write it, or the answer that refuses it before a byte is sent. */
  upload(call: AgentCall): Promise<Upload | AgentAnswer>;
}

export const isAnswer = (outcome: Upload | AgentAnswer): outcome is AgentAnswer => 'status' in outcome;
