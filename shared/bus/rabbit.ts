/** The bus over RabbitMQ. It may be away at any time: hints are lost then, and questions fail at once. */
import type { Log } from '#shared/log/log.ts';
import type { Bus } from './bus.ts';
import { openHints } from './hints.ts';
import { keepLinked } from './link.ts';
import { openNotifications } from './notifications.ts';
import { openQuestions } from './questions.ts';

/** Returns after the first attempt to connect, also when the broker is away. */
export async function rabbitBus(url: string, log: Log): Promise<Bus> {
  const hints = openHints(log);
  const questions = openQuestions(log);
  const notifications = openNotifications(log);
  const link = keepLinked(url, log, [notifications, questions, hints]);
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
