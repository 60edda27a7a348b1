//! A node in this process, on ports of the system's choice, called over gRPC as a till would.

mod node {
    mod edge;
    mod ending;
    mod pricing;
    mod running;
}
