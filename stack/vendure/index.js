/**
 * A real Vendure shop for the demo and the tests, configured from the environment alone:
 *
 *   SHOP_PORT                                    the port of both APIs, on the loopback
 *   SHOP_USER, SHOP_PASSWORD                     the superadministrator
 *   PGHOST, PGPORT, PGUSER, PGPASSWORD, PGDATABASE   PostgreSQL; PGHOST may be the folder of a socket
 *
 * `node index.js prepare` creates the tables of an empty database and what a shop needs before it can sell
 * (a country, a tax rate, a payment and a shipping method), then ends; `node index.js` serves. The channel sells
 * in US dollars without tax, as Odoo's demo company does, and has one stock location: both are Vendure's defaults.
 */
const {
    bootstrap,
    DefaultJobQueuePlugin,
    DefaultLogger,
    dummyPaymentHandler,
    JobQueueService,
    LogLevel,
} = require('@vendure/core');
const { populate } = require('@vendure/core/cli');

const prepare = process.argv[2] === 'prepare';
const environment = process.env;

const config = {
    logger: new DefaultLogger({ level: LogLevel.Info, timestamp: true }),
    apiOptions: { hostname: '127.0.0.1', port: prepare ? 0 : Number(environment.SHOP_PORT), cors: false },
    authOptions: {
        tokenMethod: ['bearer', 'api-key'],
        superadminCredentials: { identifier: environment.SHOP_USER, password: environment.SHOP_PASSWORD },
    },
    dbConnectionOptions: {
        type: 'postgres',
        host: environment.PGHOST,
        port: Number(environment.PGPORT),
        username: environment.PGUSER,
        password: environment.PGPASSWORD,
        database: environment.PGDATABASE,
        // Comparing the tables with the code at every start would take seconds.
        synchronize: prepare,
        logging: false,
    },
    paymentOptions: { paymentMethodHandlers: [dummyPaymentHandler] },
    plugins: [DefaultJobQueuePlugin.init({ pollInterval: 1000 })],
};

const shopData = {
    defaultLanguage: 'en',
    defaultZone: 'Americas',
    countries: [{ code: 'US', name: 'United States of America', zone: 'Americas' }],
    taxRates: [{ name: 'Standard Tax', percentage: 0 }],
    shippingMethods: [{ name: 'Standard Shipping', price: 500 }],
    paymentMethods: [
        {
            name: 'Dummy Payment',
            handler: { code: 'dummy-payment-handler', arguments: [{ name: 'automaticSettle', value: 'true' }] },
        },
    ],
    collections: [],
};

async function main() {
    if (prepare) {
        const app = await populate(() => bootstrap(config), shopData);
        await app.close();
        return;
    }
    const app = await bootstrap(config);
    // The jobs run in this process too: a shop of this size needs no worker of its own.
    await app.get(JobQueueService).start();
}

main().then(
    () => prepare && process.exit(0),
    error => {
        console.error(error);
        process.exit(1);
    },
);
