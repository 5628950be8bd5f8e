import { Fault } from '#shared/errors/fault.ts';

/** Nova's words for the 404 of another service. */
export const missing = (what: string) => (error: unknown) => {
  if (error instanceof Fault && error.status === 404) throw new Fault(404, 'notFound', `${what} not found.`);
  throw error;
};
