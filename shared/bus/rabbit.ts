/** The bus over RabbitMQ. It may be away at any time: hints are lost then, and questions fail at once. */
import type { Log } from '#shared/log/log.ts';
import type { Bus, Sender } from './bus.ts';
import { openHints } from './hints.ts';
import { keepLinked } from './link.ts';
import { openNotifications } from './notifications.ts';
import { openQuestions } from './questions.ts';

/** An agent's user has its host behind a dot. */
const isAgent = (user: string) => user.includes('.');

/** Events come from identity alone: no other role may touch their queue. */
const publishes = (user: Sender) => user === undefined || user === 'identity';

/**
 * Returns after the first attempt to connect, also when the broker is away. `user` is the role's own user of the broker;
 * undefined when all roles share one, and senders cannot be told apart.
 */
export async function rabbitBus(url: string, log: Log, user: Sender): Promise<Bus> {
  const hints = openHints(log, user === undefined || !isAgent(user));
  const questions = openQuestions(log, user);
  const notifications = openNotifications(log);
  const link = keepLinked(url, log, [...(publishes(user) ? [notifications] : []), questions, hints]);
  await link.tried;
  return {
    hint: hints.hint,
    onHint: hints.onHint,
    ask: questions.ask,
    onAsk: questions.onAsk,
    notify: notifications.notify,
    listeningSince: link.listeningSince,
    close: link.close,
  };
}
