// Node-RED as `simulators.bench nodered` runs it: loopback, mutual TLS with a cloud's own files, no editor, no telemetry.
const fs = require("fs");
const cloud = (name) => fs.readFileSync(`${process.env.CLOUD}/${name}`);

module.exports = {
  uiHost: "127.0.0.1",
  uiPort: Number(process.env.PORT),
  https: {
    key: cloud("tls_key.pem"),
    cert: cloud("server_cert.pem"),
    ca: cloud("device_ca.pem"),
    requestCert: true,
    rejectUnauthorized: true,
    allowPartialTrustChain: true,
  },
  flowFile: `${__dirname}/flows.json`,
  readOnly: true,
  disableEditor: true,
  httpAdminRoot: false,
  credentialSecret: false,
  diagnostics: { enabled: false },
  telemetry: { enabled: false, updateNotification: false },
  externalModules: { autoInstall: false, palette: { allowInstall: false }, modules: { allowInstall: false } },
};
