package semel

// Version is the release of this module, as it is told to the server's access logs (semel-go/VERSION).
const Version = "0.1.0"
