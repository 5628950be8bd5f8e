import { recordsOf } from '../collection/store.ts';

/** A program that OAuth 1.0a would let act for users. */
export interface Consumer {
  readonly id: string;
  readonly description: string | null;
  /** `key id.sealed`: known to the consumer alone. */
  readonly sealedSecret: string;
  readonly extra: Readonly<Record<string, unknown>>;
}

export const consumers = recordsOf<Consumer>({ table: 'oauth_consumers', what: 'consumer', json: ['extra'] });
