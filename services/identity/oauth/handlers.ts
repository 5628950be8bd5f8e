import { randomBytes } from 'node:crypto';
import { badRequest } from '#shared/errors/fault.ts';
import { created, gone, type Handler } from '#shared/http/route.ts';
import { crudHandlers, type Input } from '../collection/crud-handlers.ts';
import type { Identity } from '../context.ts';
import { extraOf, newId } from '../projects/operations.ts';
import { deleteConsumer as drop, sealedText } from './operations.ts';
import { type Consumer, consumers } from './store.ts';

const fields = new Set(['id', 'description', 'secret', 'links']);

const view = ({ id, description, extra }: Consumer, base: string) => ({
  ...extra,
  id,
  description,
  links: { self: `${base}/v3/OS-OAUTH1/consumers/${id}` },
});

const fresh = (identity: Identity, input: Input, secret: string): Consumer => ({
  id: newId(),
  description: (input.description as string | undefined) ?? null,
  sealedSecret: sealedText(identity, secret),
  extra: extraOf(input, fields),
});

export const consumerHandlers = crudHandlers<Consumer>({
  records: consumers,
  one: 'consumer',
  many: 'consumers',
  view,
  make: async (identity, input) => fresh(identity, input, randomBytes(32).toString('hex')),
  change: async (_identity, { extra }, input) => {
    if ('secret' in input) throw badRequest('The secret of a consumer cannot be changed.');
    return {
      ...(input.description === undefined ? {} : { description: input.description as string | null }),
      extra: { ...extra, ...extraOf(input, fields) },
    };
  },
});

/** The secret is shown once. */
export const createConsumer: Handler<Identity, { consumer: Input }> = async (identity, { body, base }) => {
  const secret = randomBytes(32).toString('hex');
  const consumer = fresh(identity, body.consumer, secret);
  await consumers.insert(identity.db, consumer);
  return created({ consumer: { ...view(consumer, base), secret } });
};

export const deleteConsumer: Handler<Identity, unknown, 'id'> = async (identity, { params }) => {
  await drop(identity, params.id);
  return gone();
};
