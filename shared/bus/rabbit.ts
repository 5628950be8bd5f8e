/** The bus over RabbitMQ. It may be away at any time: hints are lost then, and questions fail at once. */
import type { Log } from '#shared/log/log.ts';
import type { Bus, Sender } from './bus.ts';
import { openCalls } from './calls.ts';
import { openEvents } from './events.ts';
import { keepLinked } from './link.ts';
import { openNotifications } from './notifications.ts';

/** An agent's user has its host behind a dot. */
const isAgent = (user: string) => user.includes('.');

/** Events come from identity alone: no other role may touch their queue. */
const publishes = (user: Sender) => user === undefined || user === 'identity';

/**
 * Returns after the first attempt to connect, also when the broker is away. `user` is the role's own user of the broker;
 * undefined when all roles share one, and senders cannot be told apart.
 */
export async function rabbitBus(url: string, log: Log, user: Sender): Promise<Bus> {
  const notifications = openNotifications(log, user === undefined || !isAgent(user));
  const calls = openCalls(log, user);
  const events = openEvents(log);
  const link = keepLinked(url, log, [...(publishes(user) ? [events] : []), calls, notifications]);
  await link.tried;
  return {
    notify: notifications.notify,
    onNotify: notifications.onNotify,
    call: calls.call,
    onCall: calls.onCall,
    publish: events.publish,
    listeningSince: link.listeningSince,
    close: link.close,
  };
}
